import { createPrivateKey, type KeyObject } from 'node:crypto'
import { parseJsonBytes, stringMember } from '../protocol/parse.ts'
import type { Store, StoredRecord } from '../store/contract.ts'
import { openRecord, sealedWrite, type Sealer } from '../store/sealed-records.ts'

/** A key pair to which merchants encrypt whole requests (message-level encryption). */
export interface MleKey {
  /** The `serialNumber` in the certificate's subject. */
  readonly kid: string
  /** RSA-2048. */
  readonly privateKey: KeyObject
  /** PEM; public. */
  readonly certificate: string
}

/** The keys of message-level encryption that this service has. */
export interface MleKeys {
  /** Finds a key by its kid; undefined when there is none. */
  find(kid: string): Promise<MleKey | undefined>
  /** The kids of all keys, oldest first. */
  kids(): Promise<readonly string[]>
}

const KIND = 'mle-key'

/** Stores a key of message-level encryption under its kid, sealed; does nothing when the kid is there already. */
export async function storeMleKey(store: Store, sealer: Sealer, key: MleKey): Promise<void> {
  const { kid: name, certificate } = key
  const privateKey = key.privateKey.export({ type: 'pkcs8', format: 'der' })
  const members = { privateKey: privateKey.toString('base64'), certificate }
  const content = Buffer.from(JSON.stringify(members), 'utf8')
  const record = { kind: KIND, name, owner: '', expiresAt: undefined, content } as const
  await store.write([sealedWrite('put-new', record, sealer)])
  privateKey.fill(0)
  content.fill(0)
}

/** Returns the newest key, whose certificate is given to merchants; undefined when the store has none. */
export async function newestMleKey(
  store: Pick<Store, 'list'>,
  sealer: Sealer,
): Promise<MleKey | undefined> {
  const record = (await store.list(KIND)).at(-1)
  return record === undefined ? undefined : openMleKey(record, sealer)
}

/**
 * Makes the look-up of a store's keys. Each is read anew, so that what an operator changes holds at once, but imported only
 * once: the first use of an imported key costs as much as another.
 */
export function createMleKeys(store: Pick<Store, 'get' | 'list'>, sealer: Sealer): MleKeys {
  let last: { readonly value: Buffer; readonly key: MleKey } | undefined

  async function find(kid: string): Promise<MleKey | undefined> {
    const record = await store.get(KIND, kid)
    if (record === undefined) return undefined
    if (last?.value.equals(record.value) !== true) {
      last = { value: record.value, key: openMleKey(record, sealer) }
    }
    return last.key
  }

  return { find, kids: async () => (await store.list(KIND)).map(({ name }) => name) }
}

function openMleKey(record: StoredRecord, sealer: Sealer): MleKey {
  const { name } = record
  const { content } = openRecord(record, { kind: KIND, name }, sealer)
  const members = parseJsonBytes(content) ?? {}
  content.fill(0)
  const key = Buffer.from(stringMember(members, 'privateKey') ?? '', 'base64')
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  key.fill(0)
  return { kid: name, privateKey, certificate: stringMember(members, 'certificate') ?? '' }
}
