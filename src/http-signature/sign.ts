import type { SignatureParameters } from './parse.ts'

/** The only algorithm of an HTTP Signature here: HMAC with SHA-256 under the base64-decoded shared secret. */
export const ALGORITHM = 'HmacSHA256'

const METHODS_WITH_BODY: readonly string[] = ['POST', 'PUT', 'PATCH']

/** Returns what the official clients sign for a method, in their order; `digest` for POST, PUT and PATCH only. */
export function componentsFor(method: string): readonly string[] {
  return METHODS_WITH_BODY.includes(method.toUpperCase())
    ? ['host', 'date', 'request-target', 'digest', 'v-c-merchant-id']
    : ['host', 'date', 'request-target', 'v-c-merchant-id']
}

/**
 * Writes the value of a `signature` header, byte for byte as the official clients do.
 *
 * The signature is standard base64 with padding. The caller guarantees that no value holds a quote, a backslash or a
 * line break, and that the components are those, and in the order, of the base that was signed.
 */
export function formatSignatureHeader(
  parameters: Pick<SignatureParameters, 'keyId' | 'components' | 'signature'>,
): string {
  const { keyId, components, signature } = parameters
  return `keyid="${keyId}", algorithm="${ALGORITHM}", headers="${components.join(' ')}", signature="${signature}"`
}
