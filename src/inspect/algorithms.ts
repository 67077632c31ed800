import type { Note } from './note.ts'
import { textOf } from './show-value.ts'

/** The registered algorithms of signatures (RFC 7518 §3.1, RFC 8037), in words. */
const SIGNATURES: ReadonlyMap<string, string> = new Map([
  ['RS256', 'RSASSA-PKCS1-v1_5 with SHA-256'],
  ['RS384', 'RSASSA-PKCS1-v1_5 with SHA-384'],
  ['RS512', 'RSASSA-PKCS1-v1_5 with SHA-512'],
  ['PS256', 'RSASSA-PSS with SHA-256'],
  ['PS384', 'RSASSA-PSS with SHA-384'],
  ['PS512', 'RSASSA-PSS with SHA-512'],
  ['HS256', 'HMAC with SHA-256: whoever can verify can also sign'],
  ['HS384', 'HMAC with SHA-384: whoever can verify can also sign'],
  ['HS512', 'HMAC with SHA-512: whoever can verify can also sign'],
  ['ES256', 'ECDSA on P-256 with SHA-256'],
  ['ES384', 'ECDSA on P-384 with SHA-384'],
  ['ES512', 'ECDSA on P-521 with SHA-512'],
  ['EdDSA', 'Edwards-curve signature'],
])

/** The algorithms that encrypt a content key, as far as one meets them, in words. */
const KEY_ENCRYPTIONS: ReadonlyMap<string, string> = new Map([
  ['RSA-OAEP', 'the content key is encrypted with RSA-OAEP (SHA-1)'],
  ['RSA-OAEP-256', 'the content key is encrypted with RSA-OAEP (SHA-256)'],
  ['RSA1_5', 'the content key is encrypted with RSAES-PKCS1-v1_5'],
  ['dir', 'a shared key encrypts the content itself'],
  ['ECDH-ES', 'key agreement on an elliptic curve'],
])

/** Makes the note of the `alg` of a signature. `allowed` are those that this kind of JWT may have; empty allows all. */
export function signatureAlg(allowed: readonly string[]): Note {
  return {
    name: 'alg',
    required: true,
    meaning: (value) => SIGNATURES.get(textOf(value)) ?? 'no registered way to sign',
    check(value) {
      const alg = textOf(value)
      if (alg.toLowerCase() === 'none')
        return 'is none: nothing signs it, and every verifier must refuse it'
      if (!SIGNATURES.has(alg)) return 'is not a registered algorithm'
      if (allowed.length === 0 || allowed.includes(alg)) return undefined
      return `must be ${allowed.join(' or ')} here`
    },
  }
}

/** The note of the `alg` of a JWE. */
export const ENCRYPTION_ALG: Note = {
  name: 'alg',
  required: true,
  meaning: (value) =>
    KEY_ENCRYPTIONS.get(textOf(value)) ?? 'not a known way to encrypt the content key',
  check(value) {
    if (value === 'RSA-OAEP' || value === 'RSA-OAEP-256') return undefined
    if (value === 'RSA1_5') return 'is RSA1_5: open to padding attacks and refused; use RSA-OAEP'
    return 'must be RSA-OAEP or RSA-OAEP-256'
  },
}

/** The note of the `enc` of a JWE. */
export const ENCRYPTION_ENC: Note = {
  name: 'enc',
  required: true,
  meaning: (value) =>
    value === 'A256GCM'
      ? 'the content is encrypted with AES-256-GCM'
      : 'how the content is encrypted',
  check: (value) => (value === 'A256GCM' ? undefined : 'must be A256GCM'),
}

/** The notes of header members that every kind may have. */
export const COMMON_HEADER: readonly Note[] = [
  { name: 'typ', meaning: 'media type; the wire’s own tokens have none' },
  { name: 'cty', meaning: 'what is inside' },
  {
    name: 'crit',
    meaning: 'extensions that a reader must understand',
    check: () => 'asks for extensions: no token of the wire has any, and it is refused',
  },
]
