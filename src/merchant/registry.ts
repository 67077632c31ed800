import { createSecretKey } from 'node:crypto'
import { epochSeconds, type Now } from '../clock-and-random.ts'
import type { SealContent } from '../jose/seal.ts'
import { numberMember, parseJsonObject, stringMember, type JsonObject } from '../protocol/parse.ts'
import type { Store } from '../store/contract.ts'
import { openRecord, sealedWrite, type Sealer } from '../store/sealed-records.ts'
import type { Credential, Identity, Merchant } from './merchant.ts'

// A revoked credential must be refused everywhere within 10 seconds.
const CACHE_SECONDS = 5

interface RegistryNeeds {
  readonly store: Pick<Store, 'get' | 'list' | 'write'>
  readonly sealer: Sealer
  readonly now: Now
}

/** A merchant to be added. */
export interface NewMerchant extends Omit<Merchant, 'createdAt'> {
  readonly keyId: string
  /** The shared secret, decoded. Wiped by the registry. */
  readonly secret: Buffer
}

/** The merchants and credentials of a store. */
export interface MerchantRegistry {
  /** Finds who signs with a key id; undefined when nobody does. What is found is remembered for 5 seconds. */
  find(keyId: string): Promise<Identity | undefined>
  /** Adds a merchant and its first credential, sealed; false when its id or key id is taken. */
  add(merchant: NewMerchant): Promise<boolean>
  list(): Promise<readonly Merchant[]>
  listCredentials(): Promise<readonly Credential[]>
}

/** Makes the registry over a store. */
export function createMerchantRegistry({ store, sealer, now }: RegistryNeeds): MerchantRegistry {
  const remembered = new Map<string, { readonly identity: Identity; readonly until: number }>()

  async function find(keyId: string): Promise<Identity | undefined> {
    const seconds = epochSeconds(now)
    const known = remembered.get(keyId)
    if (known !== undefined && known.until > seconds) return known.identity
    remembered.delete(keyId)
    const identity = await read(keyId)
    if (identity !== undefined) remembered.set(keyId, { identity, until: seconds + CACHE_SECONDS })
    return identity
  }

  async function read(keyId: string): Promise<Identity | undefined> {
    const credentialRecord = await store.get('credential', keyId)
    if (credentialRecord === undefined) return undefined
    const place = { kind: 'credential', name: keyId }
    const credential = readCredential(keyId, openRecord(credentialRecord, place, sealer))
    const merchantRecord = await store.get('merchant', credential.merchantId)
    if (merchantRecord === undefined) return undefined
    const { merchantId } = credential
    const opened = openRecord(merchantRecord, { kind: 'merchant', name: merchantId }, sealer)
    return { merchant: readMerchant(merchantId, opened), credential }
  }

  async function add({ keyId, secret, ...settings }: NewMerchant): Promise<boolean> {
    const createdAt = epochSeconds(now)
    const owner = settings.id
    const common = { owner, expiresAt: undefined } as const
    const content = toContent({ ...settings, createdAt })
    const credential = toContent({ secret: secret.toString('base64'), createdAt })
    secret.fill(0)
    return store.write([
      sealedWrite('put-new', { ...common, kind: 'merchant', name: owner, content }, sealer),
      sealedWrite(
        'put-new',
        { ...common, kind: 'credential', name: keyId, content: credential },
        sealer,
      ),
    ])
  }

  async function list(): Promise<readonly Merchant[]> {
    const records = await store.list('merchant')
    return records.map((record) => {
      const opened = openRecord(record, { kind: 'merchant', name: record.name }, sealer)
      return readMerchant(record.name, opened)
    })
  }

  async function listCredentials(): Promise<readonly Credential[]> {
    const records = await store.list('credential')
    return records.map((record) => {
      const opened = openRecord(record, { kind: 'credential', name: record.name }, sealer)
      return readCredential(record.name, opened)
    })
  }

  return { find, add, list, listCredentials }
}

function toContent(members: object): Buffer {
  return Buffer.from(JSON.stringify(members), 'utf8')
}

function fromContent({ content }: SealContent): JsonObject {
  const members = parseJsonObject(content.toString('utf8'))
  content.fill(0)
  if (members === undefined) throw new TypeError('a sealed record holds no JSON object')
  return members
}

function readMerchant(id: string, opened: SealContent): Merchant {
  const members = fromContent(opened)
  return {
    id,
    sessionKeys: stringMember(members, 'sessionKeys') === 'rotated' ? 'rotated' : 'one-time',
    tokensPerSession: numberMember(members, 'tokensPerSession'),
    attemptsPerSession: numberMember(members, 'attemptsPerSession'),
    createdAt: numberMember(members, 'createdAt') ?? 0,
  }
}

function readCredential(keyId: string, opened: SealContent): Credential {
  const members = fromContent(opened)
  const secret = Buffer.from(stringMember(members, 'secret') ?? '', 'base64')
  const credential = {
    keyId,
    merchantId: opened.owner,
    secret: createSecretKey(secret),
    createdAt: numberMember(members, 'createdAt') ?? 0,
  }
  secret.fill(0)
  return credential
}
