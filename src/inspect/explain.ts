import { OperatorError } from '../errors.ts'
import { isJsonObject, parseJsonObject, stringMember, type JsonObject } from '../protocol/parse.ts'
import { readBase64Url } from './base64url.ts'
import { looksLikeJti, reportJti } from './jti.ts'
import { reportKeys } from './jwk.ts'
import { reportJwe } from './report-jwe.ts'
import { reportJwt } from './report-jwt.ts'
import type { Report } from './report.ts'
import { tidy } from './tidy.ts'

/** Explains what was pasted, by how many parts stand between its dots. */
const BY_PARTS: ReadonlyMap<number, typeof reportJwt> = new Map([
  [3, reportJwt],
  [5, reportJwe],
])

/**
 * Explains a token or a key, whatever is wrong with it. Nothing is verified, decrypted or fetched.
 *
 * @param input - a compact JWS or JWE, a jti, a JWK or JWKS, or JSON with a token as `keyId`, with what people paste along.
 * @param now - seconds since the epoch.
 * @throws OperatorError when it is none of these. The input is never quoted.
 */
export function explain(input: string, now: number): Report {
  const { text, problems } = tidy(input)
  const report = text.startsWith('{') ? explainJson(text, now) : explainText(text, now)
  return { ...report, problems: [...problems, ...report.problems] }
}

function explainText(text: string, now: number): Report {
  if (looksLikeJti(text)) return reportJti(text, now)
  const parts = text.split('.')
  const report = BY_PARTS.get(parts.length)
  if (report === undefined) {
    throw unreadable(`It has ${parts.length} parts between dots: a JWT has 3 and a JWE has 5`)
  }
  const header = parseJsonObject(readBase64Url(parts[0] ?? '').bytes.toString('utf8'))
  if (header === undefined) throw unreadable('Its first part is not a JSON object in base64url')
  return report(parts, header, now)
}

/** The members in which a JWE comes wrapped, as its only one. */
const WRAPPERS = ['keyId', 'encryptedRequest', 'encryptedResponse'] as const

function explainJson(text: string, now: number): Report {
  const object = parseJsonObject(text)
  if (object === undefined) throw unreadable('It begins like JSON, but is not')
  const keys = keysOf(object)
  if (keys !== undefined) return reportKeys(keys, Array.isArray(object['keys']), now)
  const [wrapped] = WRAPPERS.flatMap((name) => stringMember(object, name) ?? [])
  if (wrapped === undefined) throw unreadable('It is JSON, but has neither kty, keys nor keyId')
  return explainText(wrapped, now)
}

function keysOf(object: JsonObject): readonly JsonObject[] | undefined {
  if (Object.hasOwn(object, 'kty')) return [object]
  const keys: unknown = object['keys']
  return Array.isArray(keys) ? keys.filter(isJsonObject) : undefined
}

function unreadable(why: string): OperatorError {
  return new OperatorError(
    `This is no token or key that can be explained. ${why}.`,
    'Give a capture context, transient token, token request, merchant JWT, jti, JWK or JWKS, whole.',
  )
}
