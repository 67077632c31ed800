import {
  constants,
  createDecipheriv,
  createSecretKey,
  privateDecrypt,
  type KeyObject,
} from 'node:crypto'
import { stringMember, type JsonObject } from '../protocol/parse.ts'
import { decodeBase64Url, decodeJsonPart } from './compact.ts'
import { withoutStackTraces } from './without-stack-traces.ts'

const OAEP_HASH = { 'RSA-OAEP': 'sha1', 'RSA-OAEP-256': 'sha256' } as const
const CONTENT_KEY_BYTES = 32
const ENCRYPTED_KEY_BYTES = 256
const IV_BYTES = 12
const TAG_BYTES = 16

/** A compact JWE taken apart, its header within the allow-list. Nothing is decrypted. */
export interface DecodedJwe {
  readonly kid: string
  readonly oaepHash: (typeof OAEP_HASH)[keyof typeof OAEP_HASH]
  readonly protectedHeader: string
  readonly encryptedKey: Buffer
  readonly iv: Buffer
  readonly ciphertext: Buffer
  readonly tag: Buffer
}

/**
 * Takes a compact JWE apart; undefined when its form, algorithms or part lengths are not those of the wire:
 * `RSA-OAEP` or `RSA-OAEP-256` with RSA-2048, `A256GCM`, no compression, no critical extensions.
 */
export function decodeJwe(compact: string): DecodedJwe | undefined {
  const parts = compact.split('.', 6)
  const [protectedHeader, ...rest] = parts
  const [encryptedKey, iv, ciphertext, tag] = rest.map(decodeBase64Url)
  if (parts.length !== 5 || !protectedHeader) return undefined
  if (!encryptedKey || !iv || !ciphertext || !tag) return undefined
  const header = parseHeader(decodeJsonPart(protectedHeader))
  const lengthsAreRight =
    encryptedKey.length === ENCRYPTED_KEY_BYTES &&
    iv.length === IV_BYTES &&
    tag.length === TAG_BYTES
  if (header === undefined || !lengthsAreRight || ciphertext.length === 0) return undefined
  return { ...header, protectedHeader, encryptedKey, iv, ciphertext, tag }
}

function parseHeader(
  header: JsonObject | undefined,
): Pick<DecodedJwe, 'kid' | 'oaepHash'> | undefined {
  if (header === undefined || Object.hasOwn(header, 'zip') || Object.hasOwn(header, 'crit'))
    return undefined
  const kid = stringMember(header, 'kid')
  const alg = stringMember(header, 'alg')
  if (kid === undefined || stringMember(header, 'enc') !== 'A256GCM') return undefined
  if (alg !== 'RSA-OAEP' && alg !== 'RSA-OAEP-256') return undefined
  return { kid, oaepHash: OAEP_HASH[alg] }
}

/**
 * Decrypts a JWE; undefined when it can not be.
 *
 * Every failure looks and works alike: when the content key does not come out right, decryption goes on with a random
 * one (RFC 7516 §11.5).
 */
export function decryptJwe(
  jwe: DecodedJwe,
  privateKey: KeyObject,
  randomBytes: (count: number) => Buffer,
): Buffer | undefined {
  return decryptContent(jwe, decryptContentKey(jwe, privateKey, randomBytes))
}

/** The first half of {@link decryptJwe}: the content key, or a random one in its place. The second half wipes it. */
export function decryptContentKey(
  jwe: DecodedJwe,
  privateKey: KeyObject,
  randomBytes: (count: number) => Buffer,
): Buffer {
  const substitute = randomBytes(CONTENT_KEY_BYTES)
  const contentKey = decryptOaep(jwe, privateKey)
  if (contentKey?.length === CONTENT_KEY_BYTES) return contentKey
  contentKey?.fill(0)
  return substitute
}

function decryptOaep({ oaepHash, encryptedKey }: DecodedJwe, key: KeyObject): Buffer | undefined {
  try {
    // SHA-1 is Node's default, and a key that is no option is known at once.
    if (oaepHash === 'sha1') return privateDecrypt(key, encryptedKey)
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    return withoutStackTraces(() => privateDecrypt({ key, padding, oaepHash }, encryptedKey))
  } catch {
    return undefined
  }
}

/** The second half of {@link decryptJwe}. Wipes the content key. */
export function decryptContent(jwe: DecodedJwe, contentKey: Buffer): Buffer | undefined {
  const key = createSecretKey(contentKey)
  contentKey.fill(0)
  const decipher = createDecipheriv('aes-256-gcm', key, jwe.iv, { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.from(jwe.protectedHeader, 'latin1'))
  decipher.setAuthTag(jwe.tag)
  const plaintext = decipher.update(jwe.ciphertext)
  try {
    decipher.final()
    return plaintext
  } catch {
    plaintext.fill(0)
    return undefined
  }
}
