import { epochSeconds, type Now } from '../clock-and-random.ts'
import type { Store } from '../store/contract.ts'
import { openRecord, type Sealer } from '../store/sealed-records.ts'
import type { Credential, Identity, Merchant } from './merchant.ts'
import { decodeCredential, decodeMerchant } from './records.ts'

// A revoked credential must be refused everywhere within 10 seconds.
const CACHE_SECONDS = 5

interface RegistryNeeds {
  readonly store: Pick<Store, 'get'>
  readonly sealer: Sealer
  readonly now: Now
}

/** Finds merchants and credentials. What is found is remembered for 5 seconds, revoked and disabled ones included. */
export interface MerchantRegistry {
  /** Finds a credential and its owner by key id; undefined when nobody has it. */
  find(keyId: string): Promise<Identity | undefined>
  /** Finds the credential that is exactly this certificate, by {@link fingerprintOf}. */
  findByFingerprint(fingerprint: string): Promise<Identity | undefined>
  /** Finds a merchant by id. */
  findMerchant(id: string): Promise<Merchant | undefined>
}

/** Makes the registry over a store. */
export function createMerchantRegistry({ store, sealer, now }: RegistryNeeds): MerchantRegistry {
  async function readCredential(keyId: string): Promise<Credential | undefined> {
    const record = await store.get('credential', keyId)
    if (record === undefined) return undefined
    return decodeCredential(keyId, openRecord(record, { kind: 'credential', name: keyId }, sealer))
  }

  async function readMerchant(id: string): Promise<Merchant | undefined> {
    const record = await store.get('merchant', id)
    if (record === undefined) return undefined
    return decodeMerchant(id, openRecord(record, { kind: 'merchant', name: id }, sealer))
  }

  async function readIdentity(keyId: string): Promise<Identity | undefined> {
    const credential = await readCredential(keyId)
    if (credential === undefined) return undefined
    const merchant = await readMerchant(credential.merchantId)
    return merchant === undefined ? undefined : { merchant, credential }
  }

  async function readByFingerprint(fingerprint: string): Promise<Identity | undefined> {
    const record = await store.get('certificate', fingerprint)
    if (record === undefined) return undefined
    const place = { kind: 'certificate', name: fingerprint }
    const keyId = openRecord(record, place, sealer).content.toString('utf8')
    const identity = await readIdentity(keyId)
    const { credential } = identity ?? {}
    const isSame = credential?.kind === 'certificate' && credential.fingerprint === fingerprint
    return isSame ? identity : undefined
  }

  return {
    find: remember(now, readIdentity),
    findByFingerprint: remember(now, readByFingerprint),
    findMerchant: remember(now, readMerchant),
  }
}

/** Makes a look-up remember what it found, each for a few seconds; what was not found is looked up again. */
function remember<Found>(
  now: Now,
  lookUp: (name: string) => Promise<Found | undefined>,
): (name: string) => Promise<Found | undefined> {
  const remembered = new Map<string, { readonly found: Found; readonly at: number }>()
  return async function find(name: string): Promise<Found | undefined> {
    const seconds = epochSeconds(now)
    const known = remembered.get(name)
    const age = known === undefined ? CACHE_SECONDS : seconds - known.at
    // A clock that was set back must not make it remember for longer.
    if (known !== undefined && age >= 0 && age < CACHE_SECONDS) return known.found
    remembered.delete(name)
    const found = await lookUp(name)
    if (found !== undefined) remembered.set(name, { found, at: seconds })
    return found
  }
}
