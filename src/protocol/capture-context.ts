import { isJsonObject, numberMember, objectMember, stringMember, type JsonObject } from './parse.ts'
import type { SessionRequest } from './session-request.ts'

/** How long a capture context and a transient token are good for at most, and by default, in seconds. */
export const LIFETIME_SECONDS = 900

/** The path of the tokens endpoint, as `flx.path` names it. */
export const TOKENS_PATH = '/flex/v2/tokens'

/** The public half of a session key, as `flx.jwk` carries it. */
export interface SessionJwk {
  readonly kty: 'RSA'
  readonly e: string
  readonly use: 'enc'
  /** The modulus, base64url. */
  readonly n: string
  /** 32 characters: two digits of the site and 30 of `[0-9A-Za-z]`. */
  readonly kid: string
}

/** One entry of `ctx`: what may be captured under this type. */
export interface ContextEntry {
  /** Such as `api-0.1.0`. */
  readonly type: string
  readonly data: JsonObject
}

/** The claims of a capture context, in the order of the wire. */
export interface CaptureContext {
  readonly flx: {
    readonly path: string
    /** What the service remembers of the session, sealed; opaque to everybody else. */
    readonly data: string
    /** Where the tokens endpoint is, such as `https://pay.example.com`. */
    readonly origin: string
    readonly jwk: SessionJwk
  }
  readonly ctx: readonly ContextEntry[]
  readonly iss: string
  /** Seconds since the epoch. */
  readonly exp: number
  /** Seconds since the epoch. */
  readonly iat: number
  /** 16 characters of `[0-9A-Za-z]`. */
  readonly jti: string
}

interface CaptureContextInput {
  readonly origin: string
  readonly jwk: SessionJwk
  readonly sealedData: string
  readonly request: SessionRequest
  /** Seconds since the epoch. */
  readonly issuedAt: number
  /** Seconds since the epoch; at most {@link LIFETIME_SECONDS} later. */
  readonly expiresAt: number
  readonly jti: string
}

/** Builds the claims of an `api-0.1.0` capture context, in the order of the wire. */
export function createCaptureContext(input: CaptureContextInput): CaptureContext {
  const { requiredFields, optionalFields } = input.request
  return {
    flx: { path: TOKENS_PATH, data: input.sealedData, origin: input.origin, jwk: input.jwk },
    ctx: [{ data: { requiredFields, optionalFields }, type: 'api-0.1.0' }],
    iss: 'Flex API',
    exp: input.expiresAt,
    iat: input.issuedAt,
    jti: input.jti,
  }
}

/**
 * Parses the claims of a capture context of any type; undefined when a member is missing or of the wrong type.
 *
 * Nothing is verified here: not the signature, not the time, not the key id.
 */
export function parseCaptureContext(claims: JsonObject): CaptureContext | undefined {
  const flx = parseFlx(objectMember(claims, 'flx'))
  const ctx = parseEntries(claims['ctx'])
  const iss = stringMember(claims, 'iss')
  const exp = numberMember(claims, 'exp')
  const iat = numberMember(claims, 'iat')
  const jti = stringMember(claims, 'jti')
  if (flx === undefined || ctx === undefined || iss === undefined) return undefined
  if (exp === undefined || iat === undefined || jti === undefined) return undefined
  return { flx, ctx, iss, exp, iat, jti }
}

function parseFlx(flx: JsonObject | undefined): CaptureContext['flx'] | undefined {
  if (flx === undefined) return undefined
  const path = stringMember(flx, 'path')
  const data = stringMember(flx, 'data')
  const origin = stringMember(flx, 'origin')
  const jwk = parseSessionJwk(objectMember(flx, 'jwk'))
  if (path === undefined || data === undefined) return undefined
  if (origin === undefined || jwk === undefined) return undefined
  return { path, data, origin, jwk }
}

function parseSessionJwk(jwk: JsonObject | undefined): SessionJwk | undefined {
  if (jwk === undefined || jwk['kty'] !== 'RSA') return undefined
  const e = stringMember(jwk, 'e')
  const n = stringMember(jwk, 'n')
  const kid = stringMember(jwk, 'kid')
  if (e === undefined || n === undefined || kid === undefined) return undefined
  return { kty: 'RSA', e, use: 'enc', n, kid }
}

function parseEntries(ctx: unknown): readonly ContextEntry[] | undefined {
  if (!Array.isArray(ctx)) return undefined
  const entries: ContextEntry[] = []
  for (const entry of ctx) {
    if (!isJsonObject(entry)) return undefined
    const type = stringMember(entry, 'type')
    const data = objectMember(entry, 'data')
    if (type === undefined || data === undefined) return undefined
    entries.push({ type, data })
  }
  return entries
}
