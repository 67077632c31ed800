import { X509Certificate } from 'node:crypto'
import { epochSeconds, type Now } from '../clock-and-random.ts'
import type { SealContent } from '../jose/seal.ts'
import type { Store, Write } from '../store/contract.ts'
import {
  openRecord,
  sealedReplacement,
  sealedWrite,
  type Sealer,
  type Unsealed,
} from '../store/sealed-records.ts'
import { STRICT, type Allowances, type Credential, type Merchant } from './merchant.ts'
import {
  decodeCredential,
  decodeCredentialContent,
  decodeMerchant,
  encodeCredential,
  encodeMerchant,
  fingerprintOf,
  type CredentialMaterial,
} from './records.ts'

interface AdministrationNeeds {
  readonly store: Pick<Store, 'get' | 'list' | 'write'>
  readonly sealer: Sealer
  readonly now: Now
}

/** A merchant to be added, without credentials. */
export type NewMerchant = Omit<Merchant, 'createdAt' | 'disabledAt'>

/** A credential to be added to a merchant. */
export interface NewCredential {
  readonly keyId: string
  readonly merchantId: string
  /** A secret is wiped once it is stored. */
  readonly material: CredentialMaterial
  /** Default is {@link STRICT}. */
  readonly allows?: Allowances
}

/** What operators do to merchants and credentials. Every change is one atomic write. */
export interface Administration {
  /** Adds a merchant and its first credential; false when its id, or the key id, is taken. */
  add(merchant: NewMerchant, credential: Omit<NewCredential, 'merchantId'>): Promise<boolean>
  /** Adds a credential; false when its key id or certificate is taken, or the merchant is not there. */
  addCredential(credential: NewCredential): Promise<boolean>
  /**
   * Revokes a credential: it is refused everywhere within 10 seconds. One that was revoked before stays as it is. False
   * when nobody has that key id.
   */
  revokeCredential(keyId: string): Promise<boolean>
  /**
   * Changes a merchant's settings; false when it is not there. `change` is asked again when somebody else changed them
   * meanwhile.
   */
  update(id: string, change: (merchant: Merchant) => Merchant): Promise<boolean>
  /** Removes a merchant and all its credentials; false when it is not there. */
  remove(id: string): Promise<boolean>
  list(): Promise<readonly Merchant[]>
  /** Every credential, revoked ones included, of one merchant or (default) of all. */
  listCredentials(merchantId?: string): Promise<readonly Credential[]>
}

type Guarded = (
  kind: 'merchant' | 'credential',
  name: string,
  make: (held: Held) => readonly Write[] | Promise<readonly Write[]>,
) => Promise<boolean>

/** A record that was read, and is written only if nobody else has written it meanwhile. */
interface Held {
  readonly opened: SealContent
  /** Replaces its content. */
  become(content: Buffer): Write
  /** Leaves its content as it is. */
  same(): Write
}

/** The writes that remove credentials. */
export function removals(credentials: readonly Credential[]): readonly Write[] {
  return credentials.flatMap((credential): Write[] => [
    { op: 'delete', kind: 'credential', name: credential.keyId },
    ...(credential.kind === 'certificate'
      ? [{ op: 'delete', kind: 'certificate', name: credential.fingerprint } as const]
      : []),
  ])
}

/** Makes the administration of a store. */
export function createAdministration(needs: AdministrationNeeds): Administration {
  const { store, now } = needs
  const { list, listCredentials } = createLists(needs)
  const guarded = createGuarded(needs)

  async function add(
    merchant: NewMerchant,
    credential: Omit<NewCredential, 'merchantId'>,
  ): Promise<boolean> {
    const { id } = merchant
    const content = encodeMerchant({ ...merchant, createdAt: epochSeconds(now) })
    return store.write([
      sealNew({ kind: 'merchant', name: id, owner: id, content }, needs),
      ...credentialWrites({ ...credential, merchantId: id }, needs),
    ])
  }

  // The merchant's record is written anew, so that nobody removes it meanwhile and leaves this credential behind.
  async function addCredential(credential: NewCredential): Promise<boolean> {
    const writes = credentialWrites(credential, needs)
    return guarded('merchant', credential.merchantId, (held) => [held.same(), ...writes])
  }

  async function revokeCredential(keyId: string): Promise<boolean> {
    return guarded('credential', keyId, ({ opened, become }) => {
      const credential = decodeCredentialContent(opened)
      const revokedAt = credential.revokedAt ?? epochSeconds(now)
      const write = become(encodeCredential({ ...credential, revokedAt }))
      if (credential.material.kind === 'shared-secret') credential.material.secret.fill(0)
      return [write]
    })
  }

  async function update(id: string, change: (merchant: Merchant) => Merchant): Promise<boolean> {
    return guarded('merchant', id, ({ opened, become }) => [
      become(encodeMerchant(change(decodeMerchant(id, opened)))),
    ])
  }

  async function remove(id: string): Promise<boolean> {
    return guarded('merchant', id, async (held) => {
      const credentials = await listCredentials(id)
      return [held.same(), { op: 'delete', kind: 'merchant', name: id }, ...removals(credentials)]
    })
  }

  return { add, addCredential, revokeCredential, update, remove, list, listCredentials }
}

function sealNew(
  record: Omit<Unsealed, 'expiresAt'>,
  { sealer }: Pick<AdministrationNeeds, 'sealer'>,
): Write {
  return sealedWrite('put-new', { ...record, expiresAt: undefined }, sealer)
}

function credentialWrites(
  { keyId, merchantId: owner, material, allows = STRICT }: NewCredential,
  needs: AdministrationNeeds,
): readonly Write[] {
  const createdAt = epochSeconds(needs.now)
  const content = encodeCredential({ material, allows, createdAt, revokedAt: undefined })
  const credential = sealNew({ kind: 'credential', name: keyId, owner, content }, needs)
  content.fill(0)
  if (material.kind === 'shared-secret') {
    material.secret.fill(0)
    return [credential]
  }
  // Nobody authenticates with it, so nobody looks for it by its fingerprint.
  if (material.kind === 'mle-certificate') return [credential]
  const name = fingerprintOf(new X509Certificate(material.certificate))
  const found = { kind: 'certificate', name, owner, content: Buffer.from(keyId, 'utf8') } as const
  return [credential, sealNew(found, needs)]
}

/** Makes the function that writes a record anew, and does so again when somebody else was quicker. */
function createGuarded({ store, sealer }: AdministrationNeeds): Guarded {
  return async function guarded(kind, name, make): Promise<boolean> {
    const record = await store.get(kind, name)
    if (record === undefined) return false
    const { owner, content } = openRecord(record, { kind, name }, sealer)
    const place = { kind, name, owner, expiresAt: undefined } as const
    const become = (changed: Buffer): Write =>
      sealedReplacement({ ...place, content: changed }, record, sealer)
    // Decoding wipes what it reads.
    const opened = { owner, expiresAt: undefined, content: Buffer.from(content) }
    const held = { opened, become, same: () => become(content) }
    if (await store.write(await make(held))) return true
    const isSame = (await store.get(kind, name))?.value.equals(record.value) === true
    return isSame ? false : guarded(kind, name, make)
  }
}

function createLists({
  store,
  sealer,
}: AdministrationNeeds): Pick<Administration, 'list' | 'listCredentials'> {
  async function list(): Promise<readonly Merchant[]> {
    const records = await store.list('merchant')
    return records.map((record) => {
      const { name } = record
      return decodeMerchant(name, openRecord(record, { kind: 'merchant', name }, sealer))
    })
  }

  async function listCredentials(merchantId?: string): Promise<readonly Credential[]> {
    const records = await store.list('credential')
    const credentials = records.map((record) => {
      const { name } = record
      return decodeCredential(name, openRecord(record, { kind: 'credential', name }, sealer))
    })
    return credentials.filter((each) => merchantId === undefined || each.merchantId === merchantId)
  }

  return { list, listCredentials }
}
