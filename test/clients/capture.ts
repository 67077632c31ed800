import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import type { MerchantRequest } from '../../src/merchant/by-http-signature.ts'

const FOLDER = new URL('../vectors/captures/', import.meta.url)

/** A recorded request of an official client, and what its recorder knew of it. */
export interface Capture {
  readonly name: string
  readonly request: MerchantRequest
  /** What the client really signed. */
  readonly signed: string
  readonly signedAt: Date
  /** Undefined for a JWT. */
  readonly stringToSign: string | undefined
  /** The certificate that a JWT of version 1 carries, as PEM. */
  readonly certificate: string | undefined
}

interface Verification {
  readonly stringToSign?: string
  readonly claims?: { readonly iat: number | string }
  readonly header?: { readonly x5c?: readonly [string] }
}

/** Every recorded request. */
export const CAPTURES: readonly Capture[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.txt'))
  .map(readCapture)

function readCapture(name: string): Capture {
  const text = readFileSync(new URL(name, FOLDER), 'utf8')
  const [, sent = '', verified = ''] = text.split(/^=====.*=====\n/m)
  const [head = '', body = ''] = sent.split('\n\n')
  const [start = '', ...fields] = head.split('\n')
  const [method = '', target = ''] = start.split(' ')
  const headers = fields.map((field) => {
    const colon = field.indexOf(': ')
    return [field.slice(0, colon), field.slice(colon + 2)] as const
  })
  const { stringToSign, claims, header } = JSON.parse(verified) as Verification
  const token = headerOf(headers, 'authorization').split(' ')[1] ?? ''
  return {
    name,
    request: { method, target, headers, body: Buffer.from(body.trimEnd()), calledHost: undefined },
    signed: stringToSign ?? token.slice(0, token.lastIndexOf('.')),
    signedAt: readTime(claims?.iat ?? headerOf(headers, 'date')),
    stringToSign,
    certificate: header?.x5c && toPem(header.x5c[0]),
  }
}

function headerOf(headers: MerchantRequest['headers'], name: string): string {
  return headers.find((header) => header[0].toLowerCase() === name)?.[1] ?? ''
}

function readTime(time: number | string): Date {
  return new Date(typeof time === 'number' ? time * 1000 : time)
}

function toPem(base64: string): string {
  return new X509Certificate(Buffer.from(base64, 'base64')).toString()
}

/** Sends a request over a socket, with its headers as they are: their case, their order, their Host. */
export async function send(
  url: string,
  { method, target, headers, body }: MerchantRequest,
): Promise<IncomingMessage> {
  const outgoing = request(url + target, { method, headers: headers.flat(), agent: false })
  outgoing.end(body)
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  return response
}
