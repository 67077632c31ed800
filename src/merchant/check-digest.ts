import { hash } from 'node:crypto'
import { parseDigest } from '../http-signature/digest.ts'
import { refuse } from './refusals.ts'

/**
 * Checks a digest, with or without its `SHA-256=` prefix, against the raw body bytes.
 *
 * @throws ServiceError `AUTHENTICATION_FAILED`, which recognises the digest of an empty or a rewritten body.
 */
export function checkDigest(received: string, body: Buffer): void {
  const digest = parseDigest(received)
  if (digest === undefined) throw refuse('DIGEST_UNREADABLE')
  const expected = sha256(body)
  if (digest === expected) return
  throw refuse('DIGEST_OF_ANOTHER_BODY', {
    expected: `SHA-256=${expected}`,
    received: `SHA-256=${digest}`,
    bodyBytes: body.length,
    mistake: MISTAKES.find(({ bodyOf }) => sha256(bodyOf(body)) === digest)?.mistake,
  })
}

const MISTAKES: readonly { readonly mistake: string; bodyOf(body: Buffer): string | Buffer }[] = [
  { mistake: 'The digest is that of an empty body: sign after the body is set.', bodyOf: () => '' },
  {
    mistake:
      'The body was written anew after it was signed: the digest is that of the same JSON without spaces.',
    bodyOf: (body) => rewrite(body),
  },
  {
    mistake:
      'The body was written anew after it was signed: the digest is that of the same JSON with indentation.',
    bodyOf: (body) => rewrite(body, 2),
  },
  {
    mistake: 'The body has lost the line break at its end after it was signed.',
    bodyOf: (body) => `${body.toString('utf8')}\n`,
  },
  {
    mistake: 'The body was given a line break at its end after it was signed.',
    bodyOf: (body) => body.toString('utf8').trimEnd(),
  },
]

function rewrite(body: Buffer, indent?: number): string {
  try {
    return JSON.stringify(JSON.parse(body.toString('utf8')), null, indent)
  } catch {
    return ''
  }
}

function sha256(data: string | Buffer): string {
  return hash('sha256', data, 'base64')
}
