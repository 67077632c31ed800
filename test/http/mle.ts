import { X509Certificate, type KeyObject } from 'node:crypto'
import { compactDecrypt } from 'jose'
import type { LightMyRequestResponse } from 'fastify'
import keys from '../../src/dev/throw-away-keys.json' with { type: 'json' }
import { BUNDLED_KEYS, CARD_FIELDS, encrypt, type JweChanges } from '../flow.ts'

/** What a session is opened with, in clear. */
export const SESSION_BODY = JSON.stringify({ fields: CARD_FIELDS })

/** The kid of the key that dev mode bundles, to which requests are encrypted. */
export const MLE_KID = keys.mle.kid

/** The key that dev mode bundles, to which requests are encrypted. */
export const MLE_KEY: KeyObject = new X509Certificate(keys.mle.certificate).publicKey

/** How an envelope is made otherwise than an official client does. */
export interface EnvelopeChanges extends JweChanges {
  /** Seconds since the epoch. Default is the machine's time. */
  readonly iat?: unknown
}

/** Encrypts a body to the bundled key, as the official clients do but for the changes. */
export function encryptRequest(body: string, changes: EnvelopeChanges = {}): string {
  const { iat = Math.floor(Date.now() / 1000), header, ...others } = changes
  const { n = '', e = '' } = MLE_KEY.export({ format: 'jwk' })
  const jwk = { kty: 'RSA', use: 'enc', kid: MLE_KID, n, e }
  const all = { cty: 'JWT', iat, ...header }
  return encrypt({ jwk }, body, { alg: 'RSA-OAEP-256', ...others, header: all })
}

/** The body of an encrypted request. */
export function envelope(encryptedRequest: unknown = encryptRequest(SESSION_BODY)): string {
  return JSON.stringify({ encryptedRequest })
}

/** Decrypts a reply whose body is an envelope and nothing else. Throws when it is not. */
export async function decryptReply(
  { body }: Pick<LightMyRequestResponse, 'body'>,
  key: KeyObject | undefined = BUNDLED_KEYS[0],
): Promise<{ readonly header: object; readonly body: string }> {
  const { encryptedResponse, ...others } = JSON.parse(body) as Record<string, unknown>
  if (typeof encryptedResponse !== 'string' || Object.keys(others).length > 0 || !key) {
    throw new TypeError(`not encrypted: ${body}`)
  }
  const { plaintext, protectedHeader } = await compactDecrypt(encryptedResponse, key)
  return { header: protectedHeader, body: Buffer.from(plaintext).toString() }
}
