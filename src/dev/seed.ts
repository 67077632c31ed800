import { epochSeconds, type Now, type Random } from '../clock-and-random.ts'
import { storeMleKey } from '../keys/mle-keys.ts'
import { sealForPool } from '../keys/mint-order.ts'
import type { RootKey } from '../keys/root-key.ts'
import { createAuditKey } from '../keys/audit-keys.ts'
import { createSealingKey, loadSealer, poolSealer } from '../keys/sealing-keys.ts'
import { encodeSessionKey } from '../keys/session-key-material.ts'
import { storeSigningKey } from '../keys/signing-keys.ts'
import { BUNDLED_KEY_ID } from '../merchant/bundled-credential.ts'
import { createAdministration } from '../merchant/administration.ts'
import type { Allowances, Merchant } from '../merchant/merchant.ts'
import type { Store, Write } from '../store/contract.ts'
import type { Sealer } from '../store/sealed-records.ts'
import { BUNDLED_SESSION_KEYS, importBundledKey } from './bundled-keys.ts'
import keys from './throw-away-keys.json' with { type: 'json' }

/** The merchant that dev mode bundles, and its published credential. */
export const BUNDLED_MERCHANT = {
  merchantId: 'testmid',
  keyId: BUNDLED_KEY_ID,
  secret: 'pTXf5LJTlF0XAiClfATpbQ9Bvn2PUl+ADJ6bpygyNLM=',
} as const

/** The kid of the bundled signing key: fixed, so that clients which cache keys survive a restart. */
const BUNDLED_SIGNING_KID = 'dv'

/** What every credential of dev mode may do: whatever an official client has ever sent. */
export const DEV_ALLOWANCES: Allowances = { jwtV1: true, undated: true, merchants: [] }

/** The private half, in PEM, of the key to which the bundled merchant's cards are released. */
export function bundledReleaseKey(): string {
  return importBundledKey('release').export({ type: 'pkcs8', format: 'pem' }).toString()
}

const RELEASE = { entitled: true, releaseCertificate: keys.release.certificate } as const

interface SeedNeeds {
  readonly store: Store
  readonly rootKey: RootKey
  readonly now: Now
  readonly random: Random
  /** Two digits. */
  readonly site: string
}

/** Puts into a store what dev mode needs and does not find there: keys, a merchant, a handful of session keys. */
export async function seed(needs: SeedNeeds): Promise<Sealer> {
  const { store, rootKey, random, now } = needs
  const sealingKeys = await store.depth('sealing-key')
  if (sealingKeys.count === 0) await createSealingKey(store, rootKey, random)
  const sealer = await loadSealer(store, rootKey, { ...random, now })
  const privateKey = importBundledKey('signing')
  await storeSigningKey(store, sealer, { kid: BUNDLED_SIGNING_KID, privateKey })
  if ((await store.depth('audit-key')).count === 0) await createAuditKey(store, sealer, random)
  const mleKey = { ...keys.mle, privateKey: importBundledKey('mle') }
  await storeMleKey(store, sealer, mleKey)
  const { merchantId: id, keyId, secret } = BUNDLED_MERCHANT
  const settings = { tokensPerSession: undefined, attemptsPerSession: undefined } as const
  const administration = createAdministration({ store, sealer, now })
  const isNew = await administration.add(
    { id, sessionKeys: 'one-time', ...settings, ...RELEASE },
    {
      keyId,
      material: { kind: 'shared-secret', secret: Buffer.from(secret, 'base64') },
      allows: DEV_ALLOWANCES,
    },
  )
  if (!isNew) await administration.update(id, entitle)
  await seedPool(needs, poolSealer(sealer))
  return sealer
}

/** A store may be of a time when cards were not released. */
function entitle(merchant: Merchant): Merchant {
  const isSet = merchant.entitled !== undefined || merchant.releaseCertificate !== undefined
  return isSet ? merchant : { ...merchant, ...RELEASE }
}

async function seedPool({ store, now, site }: SeedNeeds, sealer: Sealer): Promise<void> {
  const { count } = await store.depth('pool-key')
  const seconds = epochSeconds(now)
  const missing = Array.from({ length: Math.max(0, BUNDLED_SESSION_KEYS - count) }).keys()
  const writes = [...missing].map((index): Write => {
    const content = encodeSessionKey(importBundledKey(count + index))
    const minted = sealForPool(
      { kind: 'pool-key', site, content },
      { sealingKey: sealer.active, randomBytes: (bytes) => sealer.randomBytes(bytes), seconds },
    )
    const { kid: name, expiresAt, sealed } = minted
    return { op: 'put-new', kind: 'pool-key', name, expiresAt, value: Buffer.from(sealed) }
  })
  await store.write(writes)
}
