import assert from 'node:assert/strict'
import { parseJsonObject } from '../../src/protocol/parse.ts'
import { parseTransientToken, type TransientToken } from '../../src/protocol/transient-token.ts'
import { readVector } from '../vector.ts'

/** The published transient tokens among the vectors. */
export const PUBLISHED_TOKENS = [
  'tt-api-0.1.0-guide.txt',
  'pair-mf-0.11.0-085IQL-tt.txt',
  'pair-mf-2.0.0-08zeS1-tt.txt',
  'tt-mf-2.1.0-no-prefix.txt',
] as const

/** Reads the claims of a published transient token; its signature is verified elsewhere. */
export function publishedToken(name: (typeof PUBLISHED_TOKENS)[number]): TransientToken {
  const claims = Buffer.from(readVector(name).split('.')[1] ?? '', 'base64url').toString()
  const token = parseTransientToken(parseJsonObject(claims) ?? {})
  assert.ok(token !== undefined, name)
  return token
}
