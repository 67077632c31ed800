import type { PublicJwk } from '../../client/get-public-key.ts'
import { CLOCK_TOLERANCE_SECONDS } from '../../client/verify-jws.ts'
import { publicKeyOf } from '../../jose/jwk.ts'
import { decodeJws, verifyJws, type DecodedJws } from '../../jose/jws.ts'
import { numberMember, stringMember } from '../../protocol/parse.ts'
import { dateInWords, distanceInWords } from '../../inspect/time-in-words.ts'

interface Evidence {
  readonly jws: DecodedJws
  readonly key: PublicJwk
  /** Seconds since the epoch. */
  readonly now: number
}

/** What can be wrong with a signed JWT, the first that applies is said. */
const CHECKS: readonly ((evidence: Evidence) => string | undefined)[] = [
  ({ jws }) => (stringMember(jws.header, 'alg') === 'RS256' ? undefined : 'its alg is not RS256'),
  ({ jws }) =>
    Object.hasOwn(jws.header, 'crit') ? 'its header asks for extensions (crit)' : undefined,
  ({ key }) => (isUsable(key) ? undefined : 'the key is no RSA key of 2048 bits or more'),
  ({ jws, key }) =>
    verifyJws(jws, publicKeyOf(key))
      ? undefined
      : 'the signature is not that of this key: the JWT was changed, or another key signed it',
  ({ jws, now }) => {
    const exp = numberMember(jws.claims, 'exp')
    if (exp === undefined) return 'it has no exp'
    return exp <= now - CLOCK_TOLERANCE_SECONDS
      ? `it expired ${distanceInWords(exp, now)}, at ${dateInWords(exp)}`
      : undefined
  },
  ({ jws, now }) => {
    const nbf = numberMember(jws.claims, 'nbf')
    return nbf !== undefined && nbf > now + CLOCK_TOLERANCE_SECONDS
      ? `it is not good before ${dateInWords(nbf)}`
      : undefined
  },
]

/**
 * Says in words why a JWT does not verify with a key; undefined when nothing of this is the reason.
 *
 * For people only: whether it holds is the typed client's decision.
 */
export function diagnose(jwt: string, key: PublicJwk, now: Date): string | undefined {
  const jws = decodeJws(jwt)
  if (jws === undefined) return 'it is not a compact JWS'
  const evidence = { jws, key, now: Math.floor(now.getTime() / 1000) }
  for (const check of CHECKS) {
    const fault = check(evidence)
    if (fault !== undefined) return fault
  }
  return undefined
}

function isUsable(key: PublicJwk): boolean {
  try {
    publicKeyOf(key)
    return true
  } catch {
    return false
  }
}
