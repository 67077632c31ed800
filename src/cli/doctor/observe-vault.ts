import { systemClock, systemRandom } from '../../clock-and-random.ts'
import type { Config } from '../../config.ts'
import { OperatorError } from '../../errors.ts'
import { createKeyKeeper, type KeyKeeper } from '../../keys/keep-keys.ts'
import { stateOf } from '../../keys/key-life.ts'
import { loadSealer, poolSealer } from '../../keys/sealing-keys.ts'
import { createAdministration } from '../../merchant/administration.ts'
import { isBundledCredential } from '../../merchant/bundled-credential.ts'
import type { Store } from '../../store/contract.ts'
import { SealError } from '../../jose/seal.ts'
import { isLost, type Sealer } from '../../store/sealed-records.ts'
import { createReadingStore } from '../../store/sqlite-reader.ts'
import { openVaultRootKey } from '../vault.ts'
import type { KeyFacts, PoolFacts, VaultFacts } from './facts.ts'
import type { ObservedStore } from './observe-paths.ts'

/** What the records of a store say. */
export interface ObservedVault {
  readonly vault: VaultFacts | OperatorError | undefined
  readonly pools: PoolFacts | undefined
}

/** Opens what can be opened of a store with the root key, and reads the pools, which need no key. */
export async function observeVault(
  config: Config,
  { facts, readings }: ObservedStore,
): Promise<ObservedVault> {
  const { lasting, passing } = readings
  const isVault =
    facts.lasting !== undefined &&
    !(facts.lasting.read instanceof OperatorError) &&
    facts.lasting.read.mode === 'serve'
  if (lasting?.table === undefined || !isVault) return { vault: undefined, pools: undefined }
  const tables = { lasting: lasting.table, ...(passing?.table && { passing: passing.table }) }
  return readVault(config, createReadingStore(tables, systemClock))
}

/** As {@link observeVault}, of a store that is open. */
export async function readVault(config: Config, store: Store): Promise<ObservedVault> {
  const pools = {
    oneTime: await store.depth('pool-key'),
    rotated: await store.depth('rotated-pool-key'),
  }
  return { vault: await openVault(config, store), pools }
}

async function openVault(config: Config, store: Store): Promise<VaultFacts | OperatorError> {
  try {
    const root = await openVaultRootKey(config, store)
    const sealer = await loadSealer(store, root.current(), { ...systemRandom, now: systemClock })
    const keeper = createKeyKeeper({ store, root, now: systemClock, random: systemRandom })
    const administration = createAdministration({ store, sealer, now: systemClock })
    const credentials = await administration.listCredentials()
    const live = credentials.filter(({ revokedAt }) => revokedAt === undefined)
    return {
      keys: [
        ...(await listKeys(keeper, 'signing-key')),
        ...(await listKeys(keeper, 'sealing-key')),
        ...(await listKeys(keeper, 'audit-key')),
      ],
      merchants: await administration.list(),
      credentials,
      bundled: live.filter(isBundledCredential).map(({ keyId }) => keyId),
      lostPoolKeys: await countLost(store, poolSealer(sealer)),
    }
  } catch (error) {
    if (error instanceof OperatorError) return error
    if (!(error instanceof SealError)) throw error
    return new OperatorError(
      'A record of the store does not open: it was changed, or its sealing key is gone.',
      'Restore the whole of coatcheck.db, or of the schema coatcheck, from a backup.',
      error,
    )
  }
}

async function countLost(store: Store, sealer: Sealer): Promise<number> {
  const pooled = await Promise.all([store.list('pool-key'), store.list('rotated-pool-key')])
  return pooled.flat().filter((record) => isLost(record, sealer)).length
}

const KIND_NAMES = {
  'signing-key': 'signing key',
  'sealing-key': 'sealing key',
  'audit-key': 'audit key',
} as const

async function listKeys(
  keeper: KeyKeeper,
  kind: keyof typeof KIND_NAMES,
): Promise<readonly KeyFacts[]> {
  const now = systemClock()
  return (await keeper.list(kind)).map(({ id, life }) => ({
    kind: KIND_NAMES[kind],
    id,
    state: stateOf(life, now),
    createdAt: life.createdAt === 0 ? undefined : life.createdAt,
    activeFrom: life.activeFrom,
  }))
}
