import type { CryptoKey } from 'jose'
import { decodeBase64 } from './base64.ts'
import { localError } from './flex-error.ts'

/** How a merchant's requests are authenticated. */
export type Authentication = 'jwt' | 'http_signature'

/** What a merchant signs requests with. */
export interface Credentials {
  readonly merchantId: string
  readonly keyId: string
  /** Returns the shared secret as a key that signs (HMAC-SHA-256) and cannot be exported. */
  readonly key: () => Promise<CryptoKey>
}

// They are written between quotes into a header: no quote, no backslash, nothing that ends a line.
const HEADER_TEXT = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/

/** Returns an option that goes into a header, or refuses it by its name; the value is never quoted. */
export function checkHeaderText(name: string, value: unknown): string {
  if (typeof value === 'string' && HEADER_TEXT.test(value)) return value
  throw localError('OPTIONS_INVALID', `${name} must be 1 to 128 printable characters, no quotes.`)
}

/**
 * Takes over a shared secret. It is imported at first use, and its bytes are wiped then: after that only a
 * non-extractable key is left of it.
 *
 * @param secret - standard base64, as the vendor's portal and `coatcheck` print it.
 * @throws FlexError `OPTIONS_INVALID` when it is not base64.
 */
export function keepSecret(secret: unknown): () => Promise<CryptoKey> {
  const bytes = typeof secret === 'string' ? decodeBase64(secret) : undefined
  if (bytes === undefined) throw localError('OPTIONS_INVALID', 'secret must be base64.')
  let key: Promise<CryptoKey> | undefined
  return function importOnce() {
    key ??= importSecret(bytes)
    return key
  }
}

async function importSecret(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign'])
  bytes.fill(0)
  return key
}
