import {
  constants,
  createDecipheriv,
  createSecretKey,
  privateDecrypt,
  type KeyObject,
} from 'node:crypto'
import { parseJsonBytes, stringMember, type JsonObject } from '../protocol/parse.ts'
import { decodeBase64Url, decodeJsonPart } from './compact.ts'

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
 * Decrypts a JWE whose plaintext must be a JSON object; undefined when it can not be.
 *
 * Every failure looks and works alike: when the content key does not come out right, decryption goes on with a random
 * one (RFC 7516 §11.5), and the error of the JSON parser, which quotes the plaintext, is dropped.
 */
export function decryptJwe(
  jwe: DecodedJwe,
  privateKey: KeyObject,
  randomBytes: (count: number) => Buffer,
): JsonObject | undefined {
  const plaintext = decryptJweBytes(jwe, privateKey, randomBytes)
  if (plaintext === undefined) return undefined
  const object = parseJsonBytes(plaintext)
  plaintext.fill(0)
  return object
}

/** Decrypts like {@link decryptJwe}, whatever the plaintext is. */
export function decryptJweBytes(
  jwe: DecodedJwe,
  privateKey: KeyObject,
  randomBytes: (count: number) => Buffer,
): Buffer | undefined {
  const substitute = randomBytes(CONTENT_KEY_BYTES)
  const contentKey = decryptContentKey(jwe, privateKey) ?? substitute
  const key = contentKey.length === CONTENT_KEY_BYTES ? contentKey : substitute
  const plaintext = decryptContent(jwe, key)
  contentKey.fill(0)
  return plaintext
}

function decryptContentKey(
  { oaepHash, encryptedKey }: DecodedJwe,
  key: KeyObject,
): Buffer | undefined {
  try {
    // SHA-1 is Node's default. A key in options costs a tenth more: what it was given, Node finds out by an exception.
    if (oaepHash === 'sha1') return privateDecrypt(key, encryptedKey)
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    return privateDecrypt({ key, padding, oaepHash }, encryptedKey)
  } catch {
    return undefined
  }
}

function decryptContent(jwe: DecodedJwe, contentKey: Buffer): Buffer | undefined {
  const key = createSecretKey(contentKey)
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
