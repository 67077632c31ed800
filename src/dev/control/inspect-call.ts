import { describeExpiry } from './describe-expiry.ts'
import { explain } from '../../inspect/explain.ts'
import { tidy } from '../../inspect/tidy.ts'
import { epochSeconds } from '../../clock-and-random.ts'
import { OperatorError } from '../../errors.ts'
import { decodeJsonPart } from '../../jose/compact.ts'
import { decodeJws } from '../../jose/jws.ts'
import { numberMember, objectMember, stringMember } from '../../protocol/parse.ts'
import type { RequestRecord } from '../record.ts'
import { readText, type ControlCall } from './call.ts'
import type { ControlNeeds } from './state.ts'
import { verifyPasted } from './verify-pasted.ts'

/** Explains what was pasted, verifies it with the right key, and names what was seen of it here. */
export async function inspect(needs: ControlNeeds, call: ControlCall): Promise<object> {
  const given = readText(call, 'text')
  if (given === undefined) throw new OperatorError('"text" is missing.', 'It must be the token.')
  const seconds = epochSeconds(needs.clock.now)
  const { kind, title, parts, problems } = explain(given, seconds)
  const { text } = tidy(given)
  const compact = unwrap(text)
  const verification = await verifyPasted(needs, kind, compact)
  const exp = numberMember(decodeJws(compact)?.claims ?? {}, 'exp')
  const expiry = exp === undefined ? null : describeExpiry(exp, seconds)
  const related = relatedTo(compact, needs.requests.list().toReversed())
  return { kind, title, parts, problems, verification: { ...verification, expiry }, ...related }
}

function unwrap(text: string): string {
  if (!text.startsWith('{')) return text
  return /"(?:keyId|encryptedRequest|encryptedResponse)"\s*:\s*"([^"]+)"/.exec(text)?.[1] ?? text
}

function relatedTo(compact: string, records: readonly RequestRecord[]): object {
  const names = namesOf(compact)
  const related = records.filter(
    ({ kid, jti }) =>
      (kid !== null && names.includes(kid)) || (jti !== null && names.includes(jti)),
  )
  const session = related.find(({ kid }) => kid !== null)?.kid ?? null
  return { session, requests: related.map(({ id }) => id) }
}

/** The kid of a session and the jti of a token that a text names. */
function namesOf(compact: string): readonly string[] {
  const jws = decodeJws(compact)
  const header = jws?.header ?? decodeJsonPart(compact.split('.', 1)[0] ?? '') ?? {}
  const jwk = objectMember(objectMember(jws?.claims ?? {}, 'flx') ?? {}, 'jwk') ?? {}
  const names = [stringMember(jwk, 'kid'), stringMember(header, 'kid')]
  const jti = jws === undefined ? compact : stringMember(jws.claims, 'jti')
  return [...names, jti].filter((name) => name !== undefined)
}
