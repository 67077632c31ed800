import { readdirSync, readFileSync } from 'node:fs'

import type { SignedMessage } from '../../src/http-signature/message.ts'

const FOLDER = new URL('../vectors/captures/', import.meta.url)

/** A recorded request of an official client with HTTP Signature. */
export interface Capture {
  readonly name: string
  readonly message: SignedMessage
  readonly body: string
  /** What the client really signed. */
  readonly stringToSign: string
}

/** Reads every capture that was authenticated with HTTP Signature. */
export function readCaptures(): readonly Capture[] {
  return readdirSync(FOLDER)
    .filter((name) => name.includes('http_signature'))
    .map(readCapture)
}

function readCapture(name: string): Capture {
  const text = readFileSync(new URL(name, FOLDER), 'utf8')
  const [, request = '', verification = ''] = text.split(/^=====.*=====\n/m)
  const [head = '', body = ''] = request.split('\n\n')
  const [start = '', ...fields] = head.split('\n')
  const [method = '', target = ''] = start.split(' ')
  const headers = fields.map((field) => {
    const colon = field.indexOf(': ')
    return [field.slice(0, colon), field.slice(colon + 2)] as const
  })
  return {
    name,
    message: { method, target, headers },
    body: body.trimEnd(),
    stringToSign: readStringToSign(JSON.parse(verification)),
  }
}

function readStringToSign(verification: unknown): string {
  if (typeof verification !== 'object' || verification === null) throw new Error('not a capture')
  if (!('stringToSign' in verification)) throw new Error('a capture without a string to sign')
  return String(verification.stringToSign)
}
