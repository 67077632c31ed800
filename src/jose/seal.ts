import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'

// Layout of a sealed value: version (1) | key id (4) | expiry (8) | owner length (2) | owner | salt (32) | nonce (12)
// | ciphertext | tag (16). Everything in front of the salt is associated data, together with kind and name.

const VERSION = 2
const KEY_ID_BYTES = 4
const FIXED_BYTES = 1 + KEY_ID_BYTES + 8 + 2
const SALT_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** A key that seals records, or wraps keys that do. */
export interface SealingKey {
  /** 4 characters of ASCII; written into every value that the key seals. */
  readonly id: string
  readonly key: KeyObject
}

/** Where a sealed value belongs. A value moved to another kind or name does not open. */
export interface Place {
  readonly kind: string
  readonly name: string
  /** Something that only the holder knows and that is stored nowhere: without it the value does not open. Default is none. */
  readonly secret?: string
}

/** What is sealed. */
export interface SealContent {
  /** Merchant id, or empty where nobody owns the record. */
  readonly owner: string
  /** Seconds since the epoch; undefined means that it does not expire. */
  readonly expiresAt: number | undefined
  readonly content: Buffer
}

/** Thrown when a sealed value does not open: wrong key, wrong place, changed bytes, or a version that is not known. */
export class SealError extends Error {
  override readonly name = 'SealError'
}

/**
 * Seals content with AES-256-GCM under a key derived for this value alone (HKDF-Expand with SHA-256 and a fresh salt).
 *
 * Owner and expiry can be read by whoever holds the value; they cannot be changed.
 */
export function seal(
  key: SealingKey,
  sealing: Place & SealContent,
  randomBytes: (count: number) => Buffer,
): Buffer {
  const header = encodeHeader(key.id, sealing)
  const drawn = randomBytes(SALT_BYTES + NONCE_BYTES)
  const recordKey = deriveRecordKey(key, {
    place: sealing,
    derive: expand,
    salt: drawn.subarray(0, SALT_BYTES),
  })
  const cipher = createCipheriv('aes-256-gcm', recordKey, drawn.subarray(SALT_BYTES))
  cipher.setAAD(associatedData(header, sealing))
  const ciphertext = cipher.update(sealing.content)
  cipher.final()
  return Buffer.concat([header, drawn, ciphertext, cipher.getAuthTag()])
}

/**
 * Opens what {@link seal} sealed. Expiry is not judged here.
 *
 * @param findKey - returns the sealing key of an id; undefined when it is not known.
 * @throws SealError always the same way, whatever is wrong.
 */
export function open(
  sealed: Buffer,
  place: Place,
  findKey: (id: string) => SealingKey | undefined,
): SealContent {
  const parsed = parseSealed(sealed)
  const key = parsed === undefined ? undefined : findKey(parsed.keyId)
  if (parsed === undefined || key === undefined) throw new SealError('a sealed value does not open')
  const recordKey = deriveRecordKey(key, { place, derive: parsed.derive, salt: parsed.salt })
  const decipher = createDecipheriv('aes-256-gcm', recordKey, parsed.nonce, {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(associatedData(parsed.header, place))
  decipher.setAuthTag(parsed.tag)
  const content = decipher.update(parsed.ciphertext)
  try {
    decipher.final()
  } catch {
    content.fill(0)
    throw new SealError('a sealed value does not open')
  }
  return { owner: parsed.owner, expiresAt: parsed.expiresAt, content }
}

/** Returns the id of the key that sealed a value; undefined when it is no sealed value. Nothing is verified. */
export function keyIdOf(sealed: Buffer): string | undefined {
  return parseSealed(sealed)?.keyId
}

/** Derives a key that seals one kind of record only, to hand to a process that must seal nothing else. */
export function deriveSubkey(key: SealingKey, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key.key, '', `coatcheck subkey v1 ${purpose}`, 32))
}

type Derive = (key: KeyObject, info: string, salt: Buffer) => Uint8Array

// A sealing key is uniformly random, so extracting can be left out (RFC 5869 §3.3): the salt joins the info.
function expand(key: KeyObject, info: string, salt: Buffer): Uint8Array {
  return createHmac('sha256', key).update(info).update(salt).update('\x01').digest()
}

// What was sealed before this version is read, and written no more.
const DERIVATIONS: ReadonlyMap<number, Derive> = new Map([
  [1, (key, info, salt) => new Uint8Array(hkdfSync('sha256', key, salt, info, 32))],
  [VERSION, expand],
])

/** What a record's key is derived from beside the sealing key. */
interface Derivation {
  readonly place: Place
  readonly derive: Derive
  readonly salt: Buffer
}

function deriveRecordKey({ key }: SealingKey, { place, derive, salt }: Derivation): KeyObject {
  const info = lengthPrefixed('coatcheck record v1', place.kind, place.secret ?? '')
  const derived = derive(key, info, salt)
  const recordKey = createSecretKey(derived)
  derived.fill(0)
  return recordKey
}

function encodeHeader(keyId: string, { owner, expiresAt }: SealContent): Buffer {
  // 0 is how "does not expire" is written: an expiry must never turn into that.
  if (expiresAt === 0) throw new RangeError('a record cannot expire at 0')
  const ownerLength = Buffer.byteLength(owner, 'utf8')
  const header = Buffer.allocUnsafe(FIXED_BYTES + ownerLength)
  header[0] = VERSION
  header.write(keyId.padEnd(KEY_ID_BYTES), 1, KEY_ID_BYTES, 'latin1')
  header.writeBigUInt64BE(BigInt(expiresAt ?? 0), 1 + KEY_ID_BYTES)
  header.writeUInt16BE(ownerLength, FIXED_BYTES - 2)
  header.write(owner, FIXED_BYTES, 'utf8')
  return header
}

interface ParsedSealed extends Omit<SealContent, 'content'> {
  readonly derive: Derive
  readonly keyId: string
  readonly header: Buffer
  readonly salt: Buffer
  readonly nonce: Buffer
  readonly ciphertext: Buffer
  readonly tag: Buffer
}

function parseSealed(sealed: Buffer): ParsedSealed | undefined {
  const derive = DERIVATIONS.get(sealed[0] ?? 0)
  if (derive === undefined || sealed.length < FIXED_BYTES) return undefined
  const headerEnd = FIXED_BYTES + sealed.readUInt16BE(FIXED_BYTES - 2)
  const contentStart = headerEnd + SALT_BYTES + NONCE_BYTES
  const contentEnd = sealed.length - TAG_BYTES
  if (contentEnd < contentStart) return undefined
  const expiresAt = Number(sealed.readBigUInt64BE(1 + KEY_ID_BYTES))
  return {
    derive,
    keyId: sealed.toString('latin1', 1, 1 + KEY_ID_BYTES).trimEnd(),
    expiresAt: expiresAt === 0 ? undefined : expiresAt,
    owner: sealed.toString('utf8', FIXED_BYTES, headerEnd),
    header: sealed.subarray(0, headerEnd),
    salt: sealed.subarray(headerEnd, headerEnd + SALT_BYTES),
    nonce: sealed.subarray(headerEnd + SALT_BYTES, contentStart),
    ciphertext: sealed.subarray(contentStart, contentEnd),
    tag: sealed.subarray(contentEnd),
  }
}

/** What is authenticated beside a sealed or wrapped value: where it belongs, and its header. */
export function associatedData(header: Buffer, { kind, name }: Place): Buffer {
  return Buffer.concat([Buffer.from(lengthPrefixed('coatcheck', kind, name), 'utf8'), header])
}

function lengthPrefixed(first: string, second: string, third: string): string {
  return `${first.length}:${first}${second.length}:${second}${third.length}:${third}`
}
