import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { Random } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import { publicNumbers } from '../jose/jwk.ts'
import type { JwsSigner } from '../jose/jws.ts'
import { randomText } from '../protocol/random-text.ts'
import type { Store, StoredRecord } from '../store/contract.ts'
import { openRecord, sealedWrite, type Sealer } from '../store/sealed-records.ts'

const KID_LENGTH = 2

/** A published signing key, as the wire shows it. */
export interface SigningJwk {
  readonly kty: 'RSA'
  readonly use: 'enc'
  readonly kid: string
  readonly n: string
  readonly e: string
}

/** A long-term key that verifies capture contexts. */
export interface PublishedKey {
  readonly kid: string
  readonly jwk: SigningJwk
  readonly publicKey: KeyObject
}

/** The long-term keys of this service. */
export interface SigningKeys {
  /** The key that signs new capture contexts. */
  readonly active: JwsSigner
  /** Every key that still verifies, the active one included. */
  readonly published: readonly PublishedKey[]
  /** Finds a published key; undefined when there is none of this kid. */
  find(kid: string): PublishedKey | undefined
}

/** Makes an RSA-2048 signing key under a free two-character kid and stores it sealed. Returns the kid. */
export async function createSigningKey(
  store: Store,
  sealer: Sealer,
  random: Random,
): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const taken = new Set((await store.list('signing-key')).map(({ name }) => name))
  const kid = freeKid(taken, random)
  await storeSigningKey(store, sealer, { kid, privateKey })
  return kid
}

/** Stores a signing key under its kid, sealed; does nothing when the kid is there already. */
export async function storeSigningKey(
  store: Store,
  sealer: Sealer,
  signer: JwsSigner,
): Promise<void> {
  const content = signer.privateKey.export({ type: 'pkcs8', format: 'der' })
  const record = { kind: 'signing-key', name: signer.kid, owner: '', expiresAt: undefined } as const
  await store.write([sealedWrite('put-new', { ...record, content }, sealer)])
  content.fill(0)
}

/**
 * Loads the signing keys; the newest signs.
 *
 * @throws OperatorError when there is none.
 */
export async function loadSigningKeys(store: Store, sealer: Sealer): Promise<SigningKeys> {
  const signers = (await store.list('signing-key')).map((record) => openSigner(record, sealer))
  const active = signers.at(-1)
  if (active === undefined) {
    throw new OperatorError('The store has no signing key.', 'Run "coatcheck keys init" first.')
  }
  const published = new Map(signers.map((signer) => [signer.kid, publish(signer)]))
  return { active, published: [...published.values()], find: (kid) => published.get(kid) }
}

function openSigner(record: StoredRecord, sealer: Sealer): JwsSigner {
  const { content } = openRecord(record, { kind: 'signing-key', name: record.name }, sealer)
  const privateKey = createPrivateKey({ key: content, format: 'der', type: 'pkcs8' })
  content.fill(0)
  return { kid: record.name, privateKey }
}

function publish({ kid, privateKey }: JwsSigner): PublishedKey {
  const { n, e } = publicNumbers(privateKey)
  return { kid, jwk: { kty: 'RSA', use: 'enc', kid, n, e }, publicKey: createPublicKey(privateKey) }
}

function freeKid(taken: ReadonlySet<string>, random: Random): string {
  for (let attempt = 0; attempt < 10_000; attempt += 1) {
    const kid = randomText((count) => random.bytes(count), KID_LENGTH).toLowerCase()
    if (!taken.has(kid)) return kid
  }
  throw new OperatorError(
    'Every two-character key id has been used.',
    'Start a new store: verifiers cache key ids for life, so none may be used twice.',
  )
}
