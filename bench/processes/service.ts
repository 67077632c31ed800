// A process that is one worker of the vault: the service that `coatcheck serve` runs, on a store of any kind, memory too.

import { randomBytes } from 'node:crypto'
import { epochSeconds, systemClock, systemRandom } from '../../src/clock-and-random.ts'
import { createVaultService, openServingLog } from '../../src/cli/vault-service.ts'
import { listen } from '../../src/cli/listen.ts'
import { readConfig } from '../../src/config.ts'
import { beginLife } from '../../src/keys/key-life.ts'
import { holdRootKey, parseRootKey } from '../../src/keys/root-key.ts'
import { createSealingKey, loadSealer, poolSealer } from '../../src/keys/sealing-keys.ts'
import { sealForPool } from '../../src/keys/mint-order.ts'
import { createSigningKey } from '../../src/keys/signing-keys.ts'
import { createAdministration } from '../../src/merchant/administration.ts'
import { Secret } from '../../src/secret.ts'
import { SITE } from '../../src/service.ts'
import type { Store, Write } from '../../src/store/contract.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Sealer } from '../../src/store/sealed-records.ts'
import { answerQuestions } from '../helper.ts'
import type { Credential } from '../requests.ts'

/** On what store to serve. */
export interface ServiceQuestion {
  /** The address of a database, `sqlite`, or `memory`. */
  readonly store: string
  /** The data folder, of SQLite only. */
  readonly folder: string
  readonly origin: string
  /** The material of the session keys that are rotated. */
  readonly materials: readonly Uint8Array[]
}

/** Where it listens, and whom it knows. */
export interface ServiceAnswer {
  readonly port: number
  readonly credential: Credential
  /** What the store says of its durability; empty when it says nothing. */
  readonly durability: string
}

const NO_SETTINGS = { tokensPerSession: undefined, attemptsPerSession: undefined } as const
// One is taken every ten seconds, as shipped.
const POOLED = 256

answerQuestions(async (question: ServiceQuestion): Promise<ServiceAnswer> => {
  let durability = ''
  const report = (text: string): void => void (durability = text)
  const store =
    question.store === 'memory'
      ? createMemoryStore(systemClock)
      : await openStore({
          address: new Secret(question.store),
          folder: question.folder,
          mode: 'serve',
          now: systemClock,
          report,
        })
  const root = holdRootKey(parseRootKey(randomBytes(32).toString('base64'), 'the benchmark'))
  const making = { ...systemRandom, life: beginLife(systemClock()) }
  await createSealingKey(store, root.current(), making)
  const sealer = await loadSealer(store, root.current(), systemRandom)
  await createSigningKey(store, sealer, making)
  const credential = await addMerchant(store, sealer)
  await fillPool(store, poolSealer(sealer), question.materials)
  const flags = { origin: question.origin, port: '0' }
  const config = readConfig({ file: undefined, environment: {}, flags, defaults: {} })
  const { logger } = openServingLog(config)
  const { app } = await createVaultService(config, { store, root, logger })
  const url = await listen(app, config)
  return { port: Number(new URL(url).port), credential, durability }
})

async function addMerchant(store: Store, sealer: Sealer): Promise<Credential> {
  const [merchantId, keyId] = ['rotated-shop', systemRandom.uuid()]
  const secret = systemRandom.bytes(32)
  const credential = { merchantId, keyId, secret: secret.toString('base64') }
  const administration = createAdministration({ store, sealer, now: systemClock })
  await administration.add(
    { id: merchantId, sessionKeys: 'rotated', ...NO_SETTINGS },
    { keyId, material: { kind: 'shared-secret', secret } },
  )
  return credential
}

/** To the service the same key pair under another kid is another key. */
async function fillPool(
  store: Store,
  sealer: Sealer,
  materials: ServiceQuestion['materials'],
): Promise<void> {
  const needs = {
    sealingKey: sealer.active,
    randomBytes: (count: number) => sealer.randomBytes(count),
    seconds: epochSeconds(systemClock),
  }
  const kind = 'rotated-pool-key'
  const writes = Array.from({ length: POOLED }, (_, index): Write => {
    const content = Buffer.from(materials[index % materials.length] ?? [])
    const {
      kid: name,
      expiresAt,
      sealed,
    } = sealForPool({ kind, site: SITE.digits, content }, needs)
    return { op: 'put-new', kind, name, expiresAt, value: Buffer.from(sealed) }
  })
  await store.write(writes)
}
