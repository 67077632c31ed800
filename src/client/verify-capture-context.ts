import { parseCaptureContext, type CaptureContext } from '../protocol/capture-context.ts'
import { localError } from './flex-error.ts'
import { getPublicKey, type PublicJwk } from './get-public-key.ts'
import { parseOrigin } from './origin.ts'
import type { Transport } from './send.ts'
import { systemTime } from './system.ts'
import { VerifiedCaptureContext } from './verified-capture-context.ts'
import { readKid, verifyJws } from './verify-jws.ts'

/** The key to verify with: given by the caller, or fetched from an origin that the caller gives. */
export type PublicKeySource =
  | {
      /** The key itself, or what finds it by its kid (a cache, a file). A `kid` in the key must match the header's. */
      readonly publicKey: PublicJwk | ((kid: string) => PublicJwk | Promise<PublicJwk>)
      readonly publicKeyOrigin?: never
    }
  | {
      /** Where `/flex/v2/public-keys/{kid}` is asked for, anew each time: the service, never a claim of the JWT. */
      readonly publicKeyOrigin: string
      readonly publicKey?: never
    }

/** What a capture context is verified against. */
export type VerifyCaptureContextOptions = PublicKeySource &
  Transport & {
    /** The origins that may receive card data (`flx.origin`), such as `https://pay.example.com`. At least one. */
    readonly origins: readonly string[]
    /** The time at which it must not have expired. Default is now. */
    readonly currentDate?: Date
  }

const REASONS = { invalid: 'CAPTURE_CONTEXT_INVALID', expired: 'CAPTURE_CONTEXT_EXPIRED' } as const

/**
 * Verifies a capture context: the signature (RS256, by the key that the caller trusts), `exp` with a tolerance of 60
 * seconds, and that the address for card data is of an allowed origin. Do this before anything is encrypted to its key.
 *
 * Not verified: who opened the session, `iss`, `iat`, and whether the session's uses are spent.
 *
 * @throws FlexError `CAPTURE_CONTEXT_INVALID`, `CAPTURE_CONTEXT_EXPIRED`, `ORIGIN_NOT_ALLOWED`, `OPTIONS_INVALID`, or those
 * of fetching the key.
 */
export async function verifyCaptureContext(
  jwt: string,
  options: VerifyCaptureContextOptions,
): Promise<VerifiedCaptureContext> {
  const origins = parseOrigins(options.origins)
  const currentDate = options.currentDate ?? systemTime()
  const kid = readKid(jwt, REASONS)
  const key = await findKey(kid, options)
  if ((key.kid ?? kid) !== kid) throw localError(REASONS.invalid, 'it names another key.')
  const claims = parseCaptureContext(await verifyJws(jwt, key, { ...REASONS, currentDate }))
  if (claims === undefined) throw localError(REASONS.invalid, 'it lacks claims.')
  return new VerifiedCaptureContext(jwt, claims, tokensUrl(claims.flx, origins))
}

function parseOrigins(texts: readonly string[]): readonly string[] {
  const origins = texts.map(parseOrigin)
  if (origins.length > 0 && origins.every((origin) => origin !== undefined)) return origins
  throw localError('OPTIONS_INVALID', 'origins must list at least one origin, without paths.')
}

async function findKey(kid: string, options: VerifyCaptureContextOptions): Promise<PublicJwk> {
  const { publicKey, publicKeyOrigin: origin } = options
  if (origin !== undefined) return getPublicKey(kid, { ...options, origin })
  return typeof publicKey === 'function' ? publicKey(kid) : publicKey
}

const PATH = /^\/[0-9A-Za-z_/-]+$/

function tokensUrl({ origin, path }: CaptureContext['flx'], allowed: readonly string[]): string {
  const known = parseOrigin(origin)
  if (known === undefined || !allowed.includes(known)) {
    throw localError('ORIGIN_NOT_ALLOWED', 'add it to origins if it is the service’s own.')
  }
  if (!PATH.test(path)) throw localError(REASONS.invalid, 'flx.path is not a plain path.')
  return known + path
}
