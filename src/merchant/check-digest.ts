import { hash } from 'node:crypto'
import { parseDigest } from '../http-signature/digest.ts'
import { NOT_LOOKED_FOR } from './diagnosis-rate.ts'
import { refuse } from './refusals.ts'

// Indented, a body of brackets alone would grow to some hundred megabytes. Those of requests have six levels.
const DEEPEST = 16

/**
 * Checks a digest, with or without its `SHA-256=` prefix, against the raw body bytes. The body may be anybody's yet.
 *
 * @param mayDiagnose - asked, only when it does not match, whether the mistake may be looked for.
 * @throws ServiceError `AUTHENTICATION_FAILED`, which recognises the digest of an empty or a rewritten body.
 */
export function checkDigest(received: string, body: Buffer, mayDiagnose: () => boolean): void {
  const digest = parseDigest(received)
  if (digest === undefined) throw refuse('DIGEST_UNREADABLE')
  const expected = sha256(body)
  if (digest === expected) return
  throw refuse('DIGEST_OF_ANOTHER_BODY', {
    expected: `SHA-256=${expected}`,
    received: `SHA-256=${digest}`,
    bodyBytes: body.length,
    mistake: mayDiagnose() ? findMistake(body, digest) : NOT_LOOKED_FOR,
  })
}

function findMistake(body: Buffer, digest: string): string | undefined {
  return MISTAKES.find(({ bodyOf }) => sha256(bodyOf(body)) === digest)?.mistake
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
    const value: unknown = JSON.parse(body.toString('utf8'))
    return isDeeper(value, DEEPEST) ? '' : JSON.stringify(value, null, indent)
  } catch {
    return ''
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1))
}

function sha256(data: string | Buffer): string {
  return hash('sha256', data, 'base64')
}
