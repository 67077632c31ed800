import { createHash, createHmac, randomUUID } from 'node:crypto'

import type { InjectOptions } from 'fastify'

// Signs by hand, with node:crypto alone: nothing of src/ can agree with itself here.

/** What a merchant signs with. */
export interface Signer {
  readonly merchantId: string
  readonly keyId: string
  /** The shared secret, base64. */
  readonly secret: string
}

/** A request to be signed. */
export interface Unsigned {
  readonly method?: 'GET' | 'POST'
  readonly target: string
  /** Default is no body for GET, `{}` for POST. */
  readonly body?: string | Buffer
}

/** How a request is signed otherwise than an official client does. */
export interface SignatureChanges {
  /** Default is the machine's time. */
  readonly now?: Date
  /** The value of `date`. Default is that of `now`. */
  readonly date?: string
  /** Headers that are sent and signed, in lower case; undefined leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** The list of signed components. Default is that of the official clients. */
  readonly components?: readonly string[]
  /** Changes the string to sign, line by line. */
  readonly lines?: (lines: readonly string[]) => readonly string[]
  /** Changes the string to sign as a whole. */
  readonly base?: (base: string) => string
  readonly key?: Buffer | string
  readonly keyId?: string
  readonly algorithm?: string
  /** Headers that are changed after signing. */
  readonly sent?: Readonly<Record<string, string | undefined>>
}

/** A signed request, and the string that its receiver will make of it. */
export interface SignedRequest extends InjectOptions {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Record<string, string>
  readonly payload?: string | Buffer
}

/** The SHA-256 of bytes, base64. */
export function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('base64')
}

/** Signs a request with HTTP Signature, as the official clients do but for the changes. */
export function signByHttpSignature(
  signer: Signer,
  request: Unsigned,
  changes: SignatureChanges = {},
): SignedRequest {
  const { method = 'POST', target } = request
  const body = bodyOf(request)
  const now = changes.now ?? new Date()
  const headers = defined({
    host: 'apitest.cybersource.com',
    date: changes.date ?? now.toUTCString(),
    digest: body === undefined ? undefined : `SHA-256=${sha256(body)}`,
    'v-c-merchant-id': signer.merchantId,
    'content-type': body === undefined ? undefined : 'application/json',
    ...changes.headers,
  })
  const components = changes.components ?? [
    'host',
    'date',
    'request-target',
    ...(body === undefined ? [] : ['digest']),
    'v-c-merchant-id',
  ]
  const line = (name: string): string =>
    /^\(?request-target\)?$/.test(name)
      ? `${name}: ${method.toLowerCase()} ${target}`
      : `${name}: ${headers[name] ?? headers['v-c-date'] ?? ''}`
  const lines = components.map(line)
  const base = (changes.lines?.(lines) ?? lines).join('\n')
  const key = changes.key ?? Buffer.from(signer.secret, 'base64')
  const text = changes.base?.(base) ?? base
  const signature = createHmac('sha256', key).update(text).digest('base64')
  const parameters = [
    `keyid="${changes.keyId ?? signer.keyId}"`,
    `algorithm="${changes.algorithm ?? 'HmacSHA256'}"`,
    `headers="${components.join(' ')}"`,
    `signature="${signature}"`,
  ]
  const sent = defined({ ...headers, signature: parameters.join(', '), ...changes.sent })
  return { method, url: target, headers: sent, ...(body === undefined ? {} : { payload: body }) }
}

/** How a bearer JWT is made otherwise than an official client does. */
export interface JwtChanges {
  /** Default is the machine's time. */
  readonly now?: Date
  /** Members of the JOSE header; undefined leaves one out. */
  readonly header?: Readonly<Record<string, unknown>>
  /** Claims; undefined leaves one out. */
  readonly claims?: Readonly<Record<string, unknown>>
  readonly key?: Buffer | string
  /** How the signature is made. Default is HMAC under the key, with the hash that `alg` names. */
  readonly sign?: (signingInput: string) => Buffer
}

/** Signs a request with a bearer JWT of version 2, as the official clients do but for the changes. */
export function signByJwt(
  signer: Signer,
  request: Unsigned,
  changes: JwtChanges = {},
): SignedRequest {
  const { method = 'POST', target } = request
  const body = bodyOf(request)
  const iat = Math.floor((changes.now ?? new Date()).getTime() / 1000)
  const header = { alg: 'HS256', typ: 'JWT', kid: signer.keyId, ...changes.header }
  const claims = {
    ...(body === undefined ? {} : { digest: sha256(body), 'digest-algorithm': 'SHA-256' }),
    iat,
    exp: iat + 120,
    'request-method': method.toLowerCase(),
    'request-resource-path': target,
    'request-host': 'apitest.cybersource.com',
    iss: signer.merchantId,
    jti: randomUUID(),
    'v-c-jwt-version': '2',
    'v-c-merchant-id': signer.merchantId,
    ...changes.claims,
  }
  const signingInput = `${encodeJson(header)}.${encodeJson(claims)}`
  const key = changes.key ?? Buffer.from(signer.secret, 'base64')
  const sign =
    changes.sign ??
    ((input: string) =>
      createHmac(`sha${header.alg.slice(2)}`, key)
        .update(input)
        .digest())
  const headers = defined({
    host: 'apitest.cybersource.com',
    authorization: `Bearer ${signingInput}.${sign(signingInput).toString('base64url')}`,
    'content-type': body === undefined ? undefined : 'application/json',
  })
  return { method, url: target, headers, ...(body === undefined ? {} : { payload: body }) }
}

/** Both ways to sign, by their names. */
export const SCHEMES = { http_signature: signByHttpSignature, jwt: signByJwt } as const

/** Writes JSON as a part of a compact JWS. */
export function encodeJson(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function bodyOf({ method = 'POST', body }: Unsigned): string | Buffer | undefined {
  return body ?? (method === 'POST' ? '{}' : undefined)
}

function defined(headers: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const sent = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  return Object.fromEntries(sent)
}
