import { parseJsonObject, stringMember, type JsonObject } from '../protocol/parse.ts'
import { localError } from './flex-error.ts'
import { parseOrigin } from './origin.ts'
import { send, type Transport } from './send.ts'

/** An RSA public key. `use` and `alg` are ignored: the wire says `enc` of keys that sign. */
export interface PublicJwk {
  readonly kty: string
  /** The modulus, base64url. At least 2048 bits, or nothing verifies. */
  readonly n: string
  /** The exponent, base64url. */
  readonly e: string
  readonly kid?: string
  readonly use?: string
  readonly alg?: string
}

/** Where a public key is asked for. */
export interface GetPublicKeyOptions extends Transport {
  /** The service's own origin, from the caller's configuration: never from the JWT that is to be verified. */
  readonly origin: string
}

const KID = /^[0-9A-Za-z_-]{1,64}$/

/**
 * Fetches a long-term public key, `GET /flex/v2/public-keys/{kid}`. It never changes under its kid, so it may be kept.
 *
 * It is exactly as trustworthy as the origin and the way to it.
 *
 * @param kid - as the JOSE header of a capture context names it.
 * @throws FlexError `OPTIONS_INVALID`, `CAPTURE_CONTEXT_INVALID` when no key can have this kid, `REPLY_INVALID` when the
 * reply is not an RSA key of this kid, or those of the transport.
 */
export async function getPublicKey(kid: string, options: GetPublicKeyOptions): Promise<PublicJwk> {
  const origin = parseOrigin(options.origin)
  if (origin === undefined)
    throw localError('OPTIONS_INVALID', 'origin must be http or https, without a path.')
  // Before it becomes part of a path.
  if (!KID.test(kid)) throw localError('CAPTURE_CONTEXT_INVALID', 'its kid is not a key’s.')
  const url = `${origin}/flex/v2/public-keys/${kid}`
  const request = { method: 'GET', url, headers: { accept: 'application/json' } } as const
  return send(request, options, (text) => parsePublicJwk(parseJsonObject(text) ?? {}, kid))
}

function parsePublicJwk(jwk: JsonObject, kid: string): PublicJwk | undefined {
  const n = stringMember(jwk, 'n')
  const e = stringMember(jwk, 'e')
  if (jwk['kty'] !== 'RSA' || n === undefined || e === undefined) return undefined
  return (stringMember(jwk, 'kid') ?? kid) === kid ? { kty: 'RSA', n, e, kid } : undefined
}
