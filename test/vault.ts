import { createPrivateKey, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { epochSeconds, systemClock, systemRandom } from '../src/clock-and-random.ts'
import keys from '../src/dev/throw-away-keys.json' with { type: 'json' }
import { sealForPool } from '../src/keys/mint-order.ts'
import { beginLife } from '../src/keys/key-life.ts'
import { createRootKeyFile } from '../src/keys/root-key.ts'
import { createSealingKey, loadSealer, poolSealer } from '../src/keys/sealing-keys.ts'
import { encodeSessionKey } from '../src/keys/session-key-material.ts'
import { storeSigningKey } from '../src/keys/signing-keys.ts'
import { createAdministration, type NewMerchant } from '../src/merchant/administration.ts'
import { Secret } from '../src/secret.ts'
import { SITE } from '../src/service.ts'
import type { Store, Write } from '../src/store/contract.ts'
import type { Sealer } from '../src/store/sealed-records.ts'
import { openStore } from '../src/store/open-store.ts'
import { makeFolder } from './process.ts'

/** What a store of serve mode that was made for a test holds, and where. */
export interface MadeVault {
  readonly data: string
  /** `sqlite`, or the address of a database. */
  readonly store: string
  readonly rootKeyFile: string
  readonly merchantId: string
  readonly keyId: string
  readonly secret: string
}

/** What may be chosen of the merchant of a made store. */
export type VaultMerchant = Partial<NewMerchant> & {
  readonly keyId?: string
  /** Decoded. */
  readonly secret?: Buffer
}

/** The public origin of the services of these tests. */
export const ORIGIN = 'https://pay.example.com'

const [material = Buffer.alloc(0)] = keys.session.map((pkcs8) => encodeSessionKey(importKey(pkcs8)))

/**
 * Makes a store of serve mode with a merchant and session keys in its pool, without the cost of making keys: every pooled
 * key has a kid of its own, and all share the material of one throw-away key.
 */
export async function makeVault(
  pooledKeys: number,
  { keyId = 'key-1', secret: chosen = randomBytes(32), ...settings }: VaultMerchant = {},
  address = 'sqlite',
): Promise<MadeVault> {
  const data = makeFolder()
  const rootKeyFile = join(data, 'root.key')
  const store = await openVault(data, address)
  const rootKey = createRootKeyFile(rootKeyFile, systemRandom.bytes)
  const life = beginLife(systemClock())
  await createSealingKey(store, rootKey, { ...systemRandom, life })
  const sealer = await loadSealer(store, rootKey, systemRandom)
  await storeSigningKey(store, sealer, { kid: 'k1', privateKey: importKey(keys.signing), life })
  const secret = chosen.toString('base64')
  const merchant = {
    id: 'shop-1',
    sessionKeys: 'one-time',
    tokensPerSession: undefined,
    attemptsPerSession: undefined,
    ...settings,
  } as const
  const administration = createAdministration({ store, sealer, now: systemClock })
  await administration.add(merchant, {
    keyId,
    material: { kind: 'shared-secret', secret: Buffer.from(chosen) },
  })
  await fillPool(store, sealer, pooledKeys)
  await store.close()
  return { data, store: address, rootKeyFile, merchantId: merchant.id, keyId, secret }
}

function openVault(folder: string, address: string): Promise<Store> {
  return openStore({ address: new Secret(address), folder, mode: 'serve', now: systemClock })
}

/** The arguments with which `serve` runs a vault on free ports, with two workers. An empty root key file is not named. */
export function serveArgs({ data, store, rootKeyFile }: MadeVault): readonly string[] {
  const flags = {
    data,
    store,
    ...(rootKeyFile === '' ? {} : { 'root-key-file': rootKeyFile }),
    origin: ORIGIN,
    port: 0,
    'operator-port': 0,
    workers: 2,
    'pool-target': 32,
    'rotated-pool-target': 1,
    'drain-milliseconds': 0,
  }
  return [
    'serve',
    ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]),
  ]
}

async function fillPool(store: Store, sealer: Sealer, count: number): Promise<void> {
  const { active, randomBytes: bytes } = poolSealer(sealer)
  const needs = { sealingKey: active, randomBytes: bytes, seconds: epochSeconds(systemClock) }
  const writes = Array.from({ length: count }, (): Write => {
    const order = { kind: 'pool-key', site: SITE.digits, content: material } as const
    const { kid: name, expiresAt, sealed } = sealForPool(order, needs)
    return { op: 'put-new', kind: 'pool-key', name, expiresAt, value: Buffer.from(sealed) }
  })
  await store.write(writes)
}

function importKey(pkcs8: string): ReturnType<typeof createPrivateKey> {
  return createPrivateKey({ key: Buffer.from(pkcs8, 'base64'), format: 'der', type: 'pkcs8' })
}
