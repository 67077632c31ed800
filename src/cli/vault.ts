import type { Config } from '../config.ts'
import type { SettingName } from '../setting-table.ts'
import { systemClock, systemRandom } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import { readPrivateFile } from '../keys/private-file.ts'
import type { HeldRootKey, RootKey } from '../keys/root-key.ts'
import { loadSealer } from '../keys/sealing-keys.ts'
import { readShareSet } from '../keys/split-root-key.ts'
import type { Store } from '../store/contract.ts'
import {
  describeStore,
  hasStore,
  openStore,
  parseStoreAddress,
  STORE_FORM,
  type StorePlace,
} from '../store/open-store.ts'
import { probeWrite } from '../store/probe-writes.ts'
import type { Sealer } from '../store/sealed-records.ts'
import { askForShares } from './ask-for-shares.ts'
import { openRootKey } from './custody.ts'
import { describeReason } from './describe-reason.ts'

/** The settings of every command that opens the vault. */
export const VAULT_SETTINGS: readonly SettingName[] = [
  'store',
  'storeFile',
  'data',
  'rootKeyFile',
  'rootKeyIn',
  'signingKeysIn',
  'pkcs11Module',
  'pkcs11Token',
  'pkcs11PinFile',
  'pkcs11KeyLabel',
]

/** A store of serve mode and the keys that open it. */
export interface Vault {
  readonly store: Store
  readonly rootKey: RootKey
  readonly root: HeldRootKey
  readonly sealer: Sealer
}

/** Where the store is. Throws OperatorError when the file that says so cannot be used. */
export function readStorePlace({ store, storeFile, data }: Config): StorePlace {
  if (storeFile === '') return { address: store, folder: data }
  if (store.reveal() !== DEFAULT_STORE) {
    throw new OperatorError(
      'The store is named twice, by store and by storeFile.',
      'Set only one of them.',
    )
  }
  const address = parseStoreAddress(readPrivateFile(storeFile, STORE_FILE).trim())
  if (address !== undefined) return { address, folder: data }
  throw new OperatorError(
    `The store file ${storeFile} does not hold the address of a store.`,
    `It holds ${STORE_FORM}.`,
  )
}

const DEFAULT_STORE = 'sqlite'
const STORE_FILE = { what: 'store file', fix: 'Name the right file with --store-file.' }

/** Where the store is, in words that give no access to it, and how another is named. */
export interface StoreInWords {
  readonly place: string
  /** Such as `folder with --data`. */
  readonly naming: string
}

/** Says where the store is. Throws OperatorError as {@link openVaultStore} does. */
export function describeVaultStore(config: Config): StoreInWords {
  const place = readStorePlace(config)
  const isEmbedded = place.address.reveal() === DEFAULT_STORE
  const naming = isEmbedded ? 'folder with --data' : 'database with --store'
  return { place: describeStore(place), naming }
}

/** Makes the store of serve mode, or opens the one that is there. Throws OperatorError. */
export async function createVaultStore(config: Config): Promise<Store> {
  return openStore({ ...readStorePlace(config), mode: 'serve', now: systemClock })
}

/** Opens the store of serve mode; `report` is told how durable it is. Throws OperatorError when there is none. */
export async function openVaultStore(
  config: Config,
  report: (durability: string) => void = () => {},
): Promise<Store> {
  const place = readStorePlace(config)
  if (!(await hasStore(place))) throw noStore(config)
  return openStore({ ...place, mode: 'serve', now: systemClock, report })
}

/**
 * Opens the root key of a store.
 *
 * @param joined - the root key, where its shares were given already. Default is to ask for them, if it is split.
 * @throws OperatorError.
 */
export async function openVaultRootKey(
  config: Config,
  store: Pick<Store, 'get' | 'list'>,
  joined?: RootKey,
): Promise<HeldRootKey> {
  if (config.rootKeyIn !== 'shares' && (await readShareSet(store)) !== undefined) {
    throw new OperatorError(
      'The root key of this store is split in shares.',
      'Say so with --root-key-in shares, and give as many as are needed.',
    )
  }
  return openRootKey(config, async () => joined ?? askForShares(store))
}

/** Throws OperatorError when a store does not take writes: it would answer every session with 503. */
export async function requireWritable(config: Config, store: Pick<Store, 'write'>): Promise<void> {
  try {
    // Changes nothing, and is refused like a change.
    await store.write([{ op: 'delete', kind: 'first-keys', name: 'probe' }])
    await probeWrite(store, systemClock)
  } catch (error) {
    const { place } = describeVaultStore(config)
    throw new OperatorError(
      `The store in ${place} cannot be written: ${describeReason(error)}.`,
      'Let the user of this process write there, files and folder; see that there is room, and that no other program holds the database.',
      error,
    )
  }
}

function noStore(config: Config): OperatorError {
  const { place, naming } = describeVaultStore(config)
  return new OperatorError(
    `There is no store in ${place}.`,
    `Run "coatcheck keys init", or name its ${naming}.`,
  )
}

/**
 * Opens store and keys, runs, and closes the store again.
 *
 * @param joined - the root key, where its shares were given already. Default is to ask for them, if it is split.
 */
export async function withVault<T>(
  config: Config,
  run: (vault: Vault) => Promise<T>,
  joined?: RootKey,
): Promise<T> {
  // A store that is there may be of dev mode: then it is to blame, not a root key that it never had.
  if (!(await hasStore(readStorePlace(config)))) {
    await openRootKey(config, () => Promise.reject(noStore(config)))
  }
  const store = await openVaultStore(config)
  try {
    const root = await openVaultRootKey(config, store, joined)
    const rootKey = root.current()
    const machine = { ...systemRandom, now: systemClock }
    return await run({ store, root, rootKey, sealer: await loadSealer(store, rootKey, machine) })
  } finally {
    await store.close()
  }
}
