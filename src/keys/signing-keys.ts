import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { Now, Random } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import { publicNumbers } from '../jose/jwk.ts'
import type { SigningToken } from '../hsm/token-signing.ts'
import type { JwsKey, JwsSigner } from '../jose/jws.ts'
import { randomText } from '../protocol/random-text.ts'
import type { Store, StoredRecord, Write } from '../store/contract.ts'
import { openRecord, type Sealer } from '../store/sealed-records.ts'
import { decodeKey, SINCE_EVER, stateOf, type KeyLife } from './key-life.ts'
import { keyWrite } from './key-records.ts'
import { activeEntry, type KeyMaking } from './sealing-keys.ts'
import { encodePair, isPair, parsePair } from './token-pair.ts'

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
  /** Every key that still verifies, or soon will, the active one included. */
  readonly published: readonly PublishedKey[]
  /** Finds a published key; undefined when there is none of this kid. */
  find(kid: string): PublishedKey | undefined
}

/** What a signing key is made with. */
export interface SigningKeyMaking extends KeyMaking {
  /** The token that makes and keeps it, if it is for new keys. Default is that the store keeps it. */
  readonly token?: SigningToken | undefined
}

/** Makes an RSA-2048 signing key under a free two-character kid and stores it sealed. Returns the kid. */
export async function createSigningKey(
  store: Store,
  sealer: Sealer,
  making: SigningKeyMaking,
): Promise<string> {
  const taken = (await store.list('signing-key')).map(({ name }) => name)
  const { id, write } = await newSigningKey(sealer, making, taken)
  await store.write([write])
  return id
}

/**
 * Makes an RSA-2048 signing key under a two-character kid that was never taken; returns the kid and the write that stores
 * it, sealed.
 *
 * @param taken - every kid that there is or was.
 * @throws OperatorError when every kid has been used.
 */
export async function newSigningKey(
  sealer: Sealer,
  { life = SINCE_EVER, token, ...random }: SigningKeyMaking,
  taken: readonly string[],
): Promise<{ readonly id: string; readonly write: Write }> {
  const kid = freeKid(new Set(taken), random)
  if (token?.isForNewKeys === true) {
    const material = encodePair(
      token.createPair(`coatcheck signing ${kid}`, random.bytes(16).toString('hex')),
      token.label,
    )
    return {
      id: kid,
      write: keyWrite({ kind: 'signing-key', sealer }, { id: kid, life, material }),
    }
  }
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  return { id: kid, write: signingKeyWrite(sealer, { kid, privateKey, life }) }
}

/** Stores a signing key under its kid, sealed; does nothing when the kid is there already. */
export async function storeSigningKey(
  store: Store,
  sealer: Sealer,
  signer: DatedSigner,
): Promise<void> {
  await store.write([signingKeyWrite(sealer, signer)])
}

/** A signing key; by default one that has always been active. */
type DatedSigner = JwsKey & { readonly life?: KeyLife }

function signingKeyWrite(
  sealer: Sealer,
  { kid, privateKey, life = SINCE_EVER }: DatedSigner,
): Write {
  const material = privateKey.export({ type: 'pkcs8', format: 'der' })
  const write = keyWrite({ kind: 'signing-key', sealer }, { id: kid, life, material })
  material.fill(0)
  return write
}

/** A signing key and its times; of one that is gone, the times alone. */
export interface SigningEntry {
  readonly kid: string
  readonly life: KeyLife
  readonly keys: { readonly signer: JwsSigner; readonly published: PublishedKey } | undefined
}

/**
 * Loads the signing keys as they are now; the active one signs.
 *
 * @param now - without it the newest key signs.
 * @throws OperatorError when there is none.
 */
export async function loadSigningKeys(
  store: Pick<Store, 'list'>,
  sealer: Sealer,
  now?: Now,
): Promise<SigningKeys> {
  const entries = (await store.list('signing-key')).map((record) => openEntry(record, sealer))
  return createSigningKeys(() => entries, now)
}

/**
 * Makes the signing keys of what `entries` returns, oldest first; which one signs is told by the clock.
 *
 * @param onMissing - told when a kid is looked for that is not published.
 * @throws OperatorError when there is none.
 */
export function createSigningKeys(
  entries: () => readonly SigningEntry[],
  now: Now | undefined,
  onMissing: () => void = () => {},
): SigningKeys {
  const live = (): readonly LiveEntry[] =>
    entries().filter((entry): entry is LiveEntry => entry.keys !== undefined)
  const isPublished = ({ life }: LiveEntry): boolean =>
    now === undefined || stateOf(life, now()) !== 'gone'
  if (live().length === 0) {
    throw new OperatorError('The store has no signing key.', 'Run "coatcheck keys init" first.')
  }
  return {
    get active() {
      return activeEntry(live(), now).keys.signer
    },
    get published() {
      return live()
        .filter(isPublished)
        .map(({ keys }) => keys.published)
    },
    find: (kid) => {
      const found = live().find((entry) => entry.kid === kid && isPublished(entry))
      if (found === undefined) onMissing()
      return found?.keys.published
    },
  }
}

type LiveEntry = SigningEntry & { readonly keys: NonNullable<SigningEntry['keys']> }

/**
 * Opens a stored signing key. Throws SealError when it was changed or moved, OperatorError when the token that keeps it is
 * not configured.
 */
export function openEntry(
  record: StoredRecord,
  sealer: Sealer,
  token?: SigningToken,
): SigningEntry {
  const { name: kid } = record
  const { content } = openRecord(record, { kind: 'signing-key', name: kid }, sealer)
  const { life, material } = decodeKey(content)
  if (material.length === 0) return { kid, life, keys: undefined }
  if (isPair(material)) return { kid, life, keys: openPair(kid, material, token) }
  const privateKey = createPrivateKey({ key: material, format: 'der', type: 'pkcs8' })
  content.fill(0)
  const signer = { kid, privateKey }
  return { kid, life, keys: { signer, published: publish(kid, createPublicKey(privateKey)) } }
}

function publish(kid: string, publicKey: KeyObject): PublishedKey {
  const { n, e } = publicNumbers(publicKey)
  return { kid, jwk: { kty: 'RSA', use: 'enc', kid, n, e }, publicKey }
}

function openPair(
  kid: string,
  material: Buffer,
  token: SigningToken | undefined,
): LiveEntry['keys'] {
  const { id, spki } = parsePair(material)
  if (token === undefined) {
    throw new OperatorError(
      `The signing key ${kid} is in an HSM, and none is configured.`,
      'Set --pkcs11-module, --pkcs11-token and the PIN.',
    )
  }
  const key = Buffer.from(spki, 'base64')
  const publicKey = createPublicKey({ key, format: 'der', type: 'spki' })
  const signer = { kid, sign: (input: Buffer): Promise<Buffer> => token.sign(id, input) }
  return { signer, published: publish(kid, publicKey) }
}

function freeKid(taken: ReadonlySet<string>, random: Pick<Random, 'bytes'>): string {
  for (let attempt = 0; attempt < 10_000; attempt += 1) {
    const kid = randomText((count) => random.bytes(count), KID_LENGTH).toLowerCase()
    if (!taken.has(kid)) return kid
  }
  throw new OperatorError(
    'Every two-character key id has been used.',
    'Start a new store: verifiers cache key ids for life, so none may be used twice.',
  )
}
