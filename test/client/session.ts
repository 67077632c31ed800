import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'

import type { PublicJwk } from '../../src/client/index.ts'

/** Seconds since the epoch at which everything in these tests was issued. */
const ISSUED_AT = 1_800_000_000

/** The origin that the contexts of these tests name. */
export const ORIGIN = 'https://pay.example.com'

/** An RSA key pair as a service would have it. */
export interface KeyPair {
  readonly privateKey: KeyObject
  readonly jwk: PublicJwk
}

/** Makes an RSA key pair; as on the wire, the public half says `use: "enc"`. */
export function makeKeyPair(kid: string, modulusLength = 2048): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength })
  return { privateKey, jwk: toWireJwk(publicKey, kid) }
}

/** Reads a public key in SPKI, base64. */
export function readPublicKey(spki: string, kid: string): PublicJwk {
  const key = createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' })
  return toWireJwk(key, kid)
}

function toWireJwk(publicKey: KeyObject, kid: string): PublicJwk {
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' })
  return { kty: 'RSA', e, use: 'enc', n, kid }
}

/** Signs claims as a compact JWS with RS256 by node:crypto, whatever the header says. */
export function signJws(header: object, claims: object, key: KeyObject): string {
  const signed = `${encodeJson(header)}.${encodeJson(claims)}`
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), key).toString('base64url')}`
}

interface WireClaims {
  readonly iat: number
  readonly flx: { readonly origin: string }
  readonly data?: unknown
}

/** Decodes the claims of a JWT without verifying it. */
export function decodeClaims(jwt: string): WireClaims {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as WireClaims
}

function encodeJson(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

export const SIGNING_KEY: KeyPair = makeKeyPair('a7')
export const SESSION_KEY: KeyPair = makeKeyPair('08U6Yzjg0Ut3mjzn08U6Yzjg0Ut3mjzn')

/** Claims of a capture context of these tests. */
export function contextClaims(
  flx: object = {},
  ctx: unknown = [API_ENTRY],
): Record<string, unknown> {
  return {
    flx: { path: '/flex/v2/tokens', data: 'sealed', origin: ORIGIN, jwk: SESSION_KEY.jwk, ...flx },
    ctx,
    iss: 'Flex API',
    exp: ISSUED_AT + 900,
    iat: ISSUED_AT,
    jti: 'rOAksGcp8Bgg6WLj',
  }
}

export const API_ENTRY = {
  data: { requiredFields: ['paymentInformation.card.number'], optionalFields: [] },
  type: 'api-0.1.0',
}

/** A capture context of these tests, signed. */
export function captureContext(flx: object = {}, ctx?: unknown): string {
  const claims = contextClaims(flx, ctx)
  return signJws({ kid: 'a7', alg: 'RS256' }, claims, SIGNING_KEY.privateKey)
}

/** Claims of a transient token of these tests. */
export const TOKEN_CLAIMS = {
  iss: 'Flex/08',
  exp: ISSUED_AT + 900,
  type: 'api-0.1.0',
  iat: ISSUED_AT,
  jti: '1E0WC1GO87JG1BDP0CQ8SCR1TTK86U9N98H3WH8IFM9MVEWTIYFI62F4941E7A92',
}

/** A transient token of these tests, signed by the session key. */
export function transientToken(claims: object = TOKEN_CLAIMS): string {
  const header = { kid: SESSION_KEY.jwk.kid, alg: 'RS256' }
  return signJws(header, claims, SESSION_KEY.privateKey)
}

/** A time, so many seconds after everything was issued. */
export function at(secondsAfterIssue: number): Date {
  return new Date((ISSUED_AT + secondsAfterIssue) * 1000)
}
