import { strict as assert } from 'node:assert'
import {
  constants,
  createCipheriv,
  createPrivateKey,
  createPublicKey,
  publicEncrypt,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto'

import type { LightMyRequestResponse } from 'fastify'

import keys from '../src/dev/throw-away-keys.json' with { type: 'json' }
import { sealForPool, type PoolKind } from '../src/keys/mint-order.ts'
import { parseRootKey, type RootKey } from '../src/keys/root-key.ts'
import { poolSealer } from '../src/keys/sealing-keys.ts'
import { encodeSessionKey } from '../src/keys/session-key-material.ts'
import { SITE } from '../src/service.ts'
import type { Write } from '../src/store/contract.ts'
import { MERCHANT, type Harness } from './harness.ts'
import { encodeJson, signByJwt, type Signer } from './signed-request.ts'

/** The flow of one payment through the HTTP door: open a session, encrypt, create a token. */

/** The public half of a session key, as the wire has it. */
export interface WireJwk {
  readonly kty: string
  readonly e: string
  readonly use: string
  readonly n: string
  readonly kid: string
}

/** The claims of a capture context, as the wire has them. */
export interface WireContext {
  readonly flx: {
    readonly path: string
    readonly data: string
    readonly origin: string
    readonly jwk: WireJwk
  }
  readonly ctx: readonly {
    readonly data: Record<'requiredFields' | 'optionalFields', readonly string[]>
    readonly type: string
  }[]
  readonly iss: string
  readonly exp: number
  readonly iat: number
  readonly jti: string
}

/** An opened session. */
export interface Session {
  readonly jwt: string
  readonly claims: WireContext
  readonly jwk: WireJwk
}

/** Every card field, the number alone required. */
export const CARD_FIELDS = {
  paymentInformation: {
    card: {
      number: {},
      securityCode: { required: false },
      expirationMonth: { required: false },
      expirationYear: { required: false },
      type: { required: false },
    },
  },
} as const

/** A published test number. */
export const PAN = '4111111111111111'

/** A whole card, nested. */
export const CARD = {
  paymentInformation: {
    card: {
      number: PAN,
      securityCode: '737',
      expirationMonth: '12',
      expirationYear: '2031',
      type: '001',
    },
  },
} as const

/** How a session is opened. */
interface OpenOptions {
  readonly fields?: object
  /** Default is the bundled merchant. */
  readonly signer?: Signer
  /** The time of signing. Default is the machine's. */
  readonly now?: Date
}

/** Asks for a session; the reply may be a refusal. */
export async function requestSession(
  { service }: Pick<Harness, 'service'>,
  { fields = CARD_FIELDS, signer = MERCHANT, now = new Date() }: OpenOptions = {},
): Promise<LightMyRequestResponse> {
  const body = JSON.stringify({ fields })
  return service.app.inject(signByJwt(signer, { target: '/flex/v2/sessions', body }, { now }))
}

/** Opens a session. */
export async function openSession(
  harness: Pick<Harness, 'service'>,
  options: OpenOptions = {},
): Promise<Session> {
  const reply = await requestSession(harness, options)
  assert.equal(reply.statusCode, 201, reply.body)
  return readSession(reply.body)
}

/** Reads a capture context. Nothing is verified. */
export function readSession(jwt: string): Session {
  const claims = readPart(jwt, 1) as unknown as WireContext
  return { jwt, claims, jwk: claims.flx.jwk }
}

/** Decodes a JSON part of a compact JWS or JWE. */
export function readPart(compact: string, index: number): Record<string, unknown> {
  const part = Buffer.from(compact.split('.')[index] ?? '', 'base64url').toString()
  return JSON.parse(part) as Record<string, unknown>
}

/** Reads the jti of a transient token. Nothing is verified. */
export function jtiOf(token: string): string {
  const { jti } = readPart(token, 1)
  assert.ok(typeof jti === 'string')
  return jti
}

/** How a JWE is made otherwise than an official client does. */
export interface JweChanges {
  readonly header?: Readonly<Record<string, unknown>>
  readonly alg?: 'RSA-OAEP' | 'RSA-OAEP-256'
  /** The key to which the content key is encrypted. Default is the session's. */
  readonly encryptTo?: KeyObject
  /** Changes the content key before it is encrypted. */
  readonly contentKey?: (key: Buffer) => Buffer
}

/** Encrypts a plaintext to a session's key, by node:crypto alone. */
export function encrypt(
  { jwk }: Pick<Session, 'jwk'>,
  plaintext: unknown,
  { header = {}, alg = 'RSA-OAEP', encryptTo, contentKey }: JweChanges = {},
): string {
  const text = typeof plaintext === 'string' ? plaintext : JSON.stringify(plaintext)
  const bytes = Buffer.isBuffer(plaintext) ? plaintext : Buffer.from(text)
  const protectedHeader = encodeJson({ kid: jwk.kid, enc: 'A256GCM', alg, ...header })
  const key = encryptTo ?? publicKeyOf(jwk)
  const cek = randomBytes(32)
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', cek, iv)
  cipher.setAAD(Buffer.from(protectedHeader))
  const ciphertext = Buffer.concat([cipher.update(bytes), cipher.final()])
  const encryptedKey = publicEncrypt(
    {
      key,
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: alg === 'RSA-OAEP' ? 'sha1' : 'sha256',
    },
    contentKey?.(cek) ?? cek,
  )
  const parts = [encryptedKey, iv, ciphertext, cipher.getAuthTag()]
  return [protectedHeader, ...parts.map((part) => part.toString('base64url'))].join('.')
}

/** Encrypts data with the session's own context, as an official client does. */
export function encryptData(session: Session, data: unknown = CARD, changes?: JweChanges): string {
  return encrypt(session, { data, context: session.jwt, index: 0 }, changes)
}

/** Posts a JWE, bare. */
export async function postJwe(
  { service }: Pick<Harness, 'service'>,
  jwe: string | Buffer,
): Promise<LightMyRequestResponse> {
  return service.app.inject({
    method: 'POST',
    url: '/flex/v2/tokens',
    headers: { 'content-type': 'application/jwt; charset=utf-8' },
    payload: jwe,
  })
}

/** Creates a transient token; returns the JWT. */
export async function createToken(
  harness: Pick<Harness, 'service'>,
  session: Session,
  data: unknown = CARD,
): Promise<string> {
  const reply = await postJwe(harness, encryptData(session, data))
  assert.equal(reply.statusCode, 201, reply.body)
  return reply.body
}

/** The public key of a JWK. */
export function publicKeyOf({ n, e }: Pick<WireJwk, 'n' | 'e'>): KeyObject {
  return createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' })
}

/** The private halves of the session keys that dev mode bundles. */
export const BUNDLED_KEYS: readonly KeyObject[] = keys.session.map((text) =>
  createPrivateKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'pkcs8' }),
)

/** The private half of the bundled signing key. */
export const SIGNING_KEY: KeyObject = createPrivateKey({
  key: Buffer.from(keys.signing, 'base64'),
  format: 'der',
  type: 'pkcs8',
})

/** A root key for services that share a store. */
export function makeRootKey(): RootKey {
  return parseRootKey(randomBytes(32).toString('base64'), 'test')
}

/** Signs claims as a compact JWS with RS256; by the bundled signing key unless told otherwise. */
export function signContext(
  claims: unknown,
  { key = SIGNING_KEY, header = { kid: 'dv', alg: 'RS256' } }: SignOptions = {},
): string {
  const signed = `${encodeJson(header)}.${encodeJson(claims)}`
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), key).toString('base64url')}`
}

interface SignOptions {
  readonly key?: KeyObject
  readonly header?: Readonly<Record<string, unknown>>
}

/** Puts keys into a pool without minting: each has a kid of its own, but a modulus of the bundled handful. */
export async function stockPool(
  { store, sealer }: Pick<Harness, 'store' | 'sealer'>,
  kind: PoolKind,
  { count, now = new Date() }: { readonly count: number; readonly now?: Date },
): Promise<readonly string[]> {
  const { active, randomBytes: bytes } = poolSealer(sealer)
  const seconds = Math.floor(now.getTime() / 1000)
  const needs = { sealingKey: active, randomBytes: bytes, seconds }
  const writes = Array.from({ length: count }, (_, index): Write => {
    const privateKey = BUNDLED_KEYS[index % BUNDLED_KEYS.length]
    assert.ok(privateKey)
    const content = encodeSessionKey(privateKey)
    const { kid, expiresAt, sealed } = sealForPool({ kind, site: SITE.digits, content }, needs)
    return { op: 'put-new', kind, name: kid, expiresAt, value: Buffer.from(sealed) }
  })
  assert.equal(await store.write(writes), true)
  return writes.map(({ name }) => name)
}
