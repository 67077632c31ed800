import { TLSSocket } from 'node:tls'
import type { FastifyRequest } from 'fastify'
import type { MerchantRequest } from '../merchant/by-http-signature.ts'
import { isJsonObject } from '../protocol/parse.ts'

/** One request, as operations see it. */
export interface Call {
  readonly correlationId: string
  /** The raw body bytes; empty when there was no body. */
  readonly body: Buffer
  readonly contentType: string
  /** The path's parameter, percent-decoded; empty where the path has none. */
  readonly parameter: string
  /** The key id of the credential that signed the request; undefined where the operation does not ask for it. */
  readonly keyId?: string
  /** Where this service is, such as `https://pay.example.com`. */
  readonly origin: string
}

/** Reads a request. The origin is the configured one, else that of the accepting socket; never the `Host` header. */
export function readCall(request: FastifyRequest, publicOrigin: string | undefined): Call {
  return {
    correlationId: request.id,
    body: readBody(request),
    contentType: request.headers['content-type'] ?? '',
    parameter: readParameter(request.params),
    origin: publicOrigin ?? socketOrigin(request),
  }
}

/** Reads a request as authentication verifies it: raw target, raw headers, raw body. */
export function readMerchantRequest(request: FastifyRequest): MerchantRequest {
  const { rawHeaders } = request.raw
  const headers: (readonly [string, string])[] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.push([rawHeaders[index] ?? '', rawHeaders[index + 1] ?? ''])
  }
  return {
    method: request.raw.method ?? '',
    target: request.raw.url ?? '',
    headers,
    body: readBody(request),
    calledHost: socketAddress(request),
  }
}

function readBody({ body }: FastifyRequest): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0)
}

function readParameter(params: unknown): string {
  const [value]: readonly unknown[] = isJsonObject(params) ? Object.values(params) : []
  return typeof value === 'string' ? value : ''
}

function socketOrigin(request: FastifyRequest): string {
  const scheme = request.raw.socket instanceof TLSSocket ? 'https' : 'http'
  return `${scheme}://${socketAddress(request) ?? 'localhost'}`
}

function socketAddress({ raw }: FastifyRequest): string | undefined {
  const { localAddress, localPort } = raw.socket
  if (localAddress === undefined || localPort === undefined) return undefined
  const address = localAddress.replace(/^::ffff:(?=\d+\.)/, '')
  return `${address.includes(':') ? `[${address}]` : address}:${localPort}`
}
