import { FlexError } from '../../client/flex-error.ts'
import type { VerifiedCaptureContext } from '../../client/verified-capture-context.ts'
import { verifyTransientToken } from '../../client/verify-transient-token.ts'
import { decodeJws } from '../../jose/jws.ts'
import { numberMember, stringMember } from '../../protocol/parse.ts'
import { diagnose } from './diagnose.ts'
import { expiryInWords, openContext } from './judge-context.ts'
import { invalid, type Authority, type Verdict } from './verdict.ts'

/**
 * Verifies a transient token with the capture context that it was made for, and says what was verified.
 *
 * The context is verified as of the time at which the token says it was issued: a token outlives its context. The session
 * key signs that time too, so it holds if the token does.
 */
export async function judgeToken(
  jwt: string,
  contextJwt: string,
  authority: Authority,
): Promise<Verdict> {
  const opened = await openContext(contextJwt, { ...authority, now: issueOf(jwt, authority.now) })
  if ('verdict' in opened) {
    const { reason, summary } = opened.verdict
    return invalid(reason, `The token cannot be verified with --context. ${summary}`)
  }
  const { context } = opened
  try {
    const { jti, type, exp, iat, content } = await verifyTransientToken(jwt, context, {
      currentDate: authority.now,
    })
    const { kid } = context.claims.flx.jwk
    return {
      valid: true,
      kind: 'transient-token',
      summary: `This transient token is valid (${type})`,
      kid,
      expiresAt: exp,
      facts: { type, jti, issuedAt: iat, content },
      lines: [
        ['signature', `RS256 by session key ${kid}`],
        ['context', `signed by key ${opened.kid}, which ${authority.url} publishes`],
        ['time', expiryInWords(exp, authority.now)],
        ['jti', jti],
        [
          'not verified',
          'whether the token was used, and whether the session was of this shopper and order',
        ],
      ],
    }
  } catch (error) {
    if (!(error instanceof FlexError)) throw error
    return invalid(
      error.reason,
      `This transient token is not valid: ${whyNot(jwt, context, authority) ?? error.message}`,
    )
  }
}

function whyNot(
  jwt: string,
  { claims: { flx, ctx } }: VerifiedCaptureContext,
  { now }: Authority,
): string | undefined {
  const jws = decodeJws(jwt)
  if (jws === undefined)
    return 'it is not a compact JWS; "coatcheck inspect" says what is wrong with its form'
  if (Object.hasOwn(jws.claims, 'flx'))
    return 'it is a capture context: verify it without --context'
  if (stringMember(jws.header, 'kid') !== flx.jwk.kid) {
    return `it was made for another session: its kid is not ${flx.jwk.kid}, the session key of --context`
  }
  const type = stringMember(jws.claims, 'type')
  const fault = diagnose(jwt, flx.jwk, now)
  if (fault !== undefined) return fault
  return ctx.some((entry) => entry.type === type) ? undefined : 'its type is none of the context’s'
}

function issueOf(jwt: string, now: Date): Date {
  const iat = numberMember(decodeJws(jwt)?.claims ?? {}, 'iat')
  return iat === undefined || iat < 0 ? now : new Date(Math.min(iat * 1000, now.getTime()))
}
