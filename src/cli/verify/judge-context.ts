import { FlexError } from '../../client/flex-error.ts'
import { getPublicKey, type PublicJwk } from '../../client/get-public-key.ts'
import { verifyCaptureContext } from '../../client/verify-capture-context.ts'
import { CLOCK_TOLERANCE_SECONDS } from '../../client/verify-jws.ts'
import type { VerifiedCaptureContext } from '../../client/verified-capture-context.ts'
import { decodeJws } from '../../jose/jws.ts'
import { stringMember } from '../../protocol/parse.ts'
import { explainFlexErrors } from '../explain-flex-error.ts'
import { dateInWords, distanceInWords } from '../../inspect/time-in-words.ts'
import { diagnose } from './diagnose.ts'
import { invalid, type Authority, type InvalidVerdict, type Verdict } from './verdict.ts'

/** A capture context that holds, or the verdict on one that does not. */
export type OpenedContext =
  | { readonly context: VerifiedCaptureContext; readonly kid: string }
  | { readonly verdict: InvalidVerdict }

/** Verifies a capture context with the key that the service publishes, and says what was verified. */
export async function judgeContext(jwt: string, authority: Authority): Promise<Verdict> {
  const opened = await openContext(jwt, authority)
  if ('verdict' in opened) return opened.verdict
  const { context, kid } = opened
  const { claims, tokensUrl } = context
  const types = claims.ctx.map(({ type }) => type)
  return {
    valid: true,
    kind: 'capture-context',
    summary: `This capture context is valid (${types.join(', ')})`,
    kid,
    expiresAt: claims.exp,
    facts: { types, tokensUrl, sessionKid: claims.flx.jwk.kid },
    lines: [
      ['signature', `RS256 by key ${kid}, which ${authority.url} publishes`],
      ['time', expiryInWords(claims.exp, authority.now)],
      ['address', `${tokensUrl}, of an allowed origin`],
      ['session key', claims.flx.jwk.kid],
      ['not verified', 'who opened the session, and whether its uses are spent'],
    ],
  }
}

/**
 * Verifies a capture context at a time.
 *
 * @throws OperatorError when the service cannot be asked for its key.
 */
export async function openContext(jwt: string, authority: Authority): Promise<OpenedContext> {
  const kid = stringMember(decodeJws(jwt)?.header ?? {}, 'kid')
  if (kid === undefined) return { verdict: notAJwt() }
  const key = await findKey(kid, authority.url)
  if ('verdict' in key) return key
  try {
    const { origins, now: currentDate } = authority
    const context = await verifyCaptureContext(jwt, { publicKey: key, origins, currentDate })
    return { context, kid }
  } catch (error) {
    if (!(error instanceof FlexError)) throw error
    const why = diagnose(jwt, key, authority.now) ?? error.message
    return { verdict: invalid(error.reason, `This capture context is not valid: ${why}`) }
  }
}

/** Says when a JWT expires or expired, and whether only the tolerance of verifiers makes it valid. */
export function expiryInWords(exp: number, now: Date): string {
  const seconds = Math.floor(now.getTime() / 1000)
  const tolerated = `expired, within the tolerance of ${CLOCK_TOLERANCE_SECONDS} seconds,`
  const verb = exp > seconds ? 'expires' : tolerated
  return `${verb} ${distanceInWords(exp, seconds)}, at ${dateInWords(exp)}`
}

function notAJwt(): InvalidVerdict {
  return invalid(
    'CAPTURE_CONTEXT_INVALID',
    'This is not a compact JWS with a kid; "coatcheck inspect" says what is wrong with its form',
  )
}

/** Reasons that are about the key's name, not about reaching the service. */
const UNKNOWN_KEY: ReadonlySet<string> = new Set(['NOT_FOUND', 'CAPTURE_CONTEXT_INVALID'])

async function findKey(
  kid: string,
  url: string,
): Promise<PublicJwk | { readonly verdict: InvalidVerdict }> {
  return explainFlexErrors('fetch the public key', async () => {
    try {
      return await getPublicKey(kid, { origin: url })
    } catch (error) {
      if (!(error instanceof FlexError) || !UNKNOWN_KEY.has(error.reason)) throw error
      const summary = `This capture context is not valid: ${url} publishes no key of its kid, so another service signed it`
      return { verdict: invalid('CAPTURE_CONTEXT_INVALID', summary) }
    }
  })
}
