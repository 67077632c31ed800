import {
  constants,
  createCipheriv,
  createSecretKey,
  publicEncrypt,
  type KeyObject,
} from 'node:crypto'
import { encodeBase64Url } from './compact.ts'

const CONTENT_KEY_BYTES = 32
const IV_BYTES = 12

/** To whom a plaintext is encrypted, and what the header says of it. */
export interface JweRecipient {
  readonly kid: string
  /** RSA. */
  readonly publicKey: KeyObject
  /** Seconds since the epoch. */
  readonly issuedAt: number
  /** What the plaintext is, as the header says it. Default is not to say. */
  readonly cty?: 'JWT'
}

/**
 * Encrypts text as a compact JWE with `RSA-OAEP-256` and `A256GCM`, under a content key of its own.
 *
 * @param randomBytes - unpredictable bytes, never the same twice.
 */
export function encryptJwe(
  plaintext: string,
  { kid, publicKey, issuedAt, cty }: JweRecipient,
  randomBytes: (count: number) => Buffer,
): string {
  const type = cty === undefined ? {} : { cty }
  const header = { alg: 'RSA-OAEP-256', enc: 'A256GCM', ...type, kid, iat: issuedAt }
  const protectedHeader = encodeBase64Url(JSON.stringify(header))
  const contentKey = randomBytes(CONTENT_KEY_BYTES)
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', createSecretKey(contentKey), iv)
  cipher.setAAD(Buffer.from(protectedHeader, 'latin1'))
  const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  const encryptedKey = publicEncrypt({ key: publicKey, padding, oaepHash: 'sha256' }, contentKey)
  contentKey.fill(0)
  const parts = [encryptedKey, iv, ciphertext, cipher.getAuthTag()]
  return [protectedHeader, ...parts.map(encodeBase64Url)].join('.')
}
