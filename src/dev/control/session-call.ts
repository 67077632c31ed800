import { decodeJws } from '../../jose/jws.ts'
import { numberMember } from '../../protocol/parse.ts'
import type { RequestRecord } from '../record.ts'
import type { ControlCall } from './call.ts'
import { ControlError } from './control-error.ts'
import type { ControlNeeds } from './state.ts'

const OPENS: readonly string[] = ['generateFlexAPICaptureContext', 'generateCaptureContext']

/** Returns the whole life of a session: how it was opened, every attempt at a token, and what became of each token. */
export function showSession({ requests, clock }: ControlNeeds, { parameter }: ControlCall): object {
  const all = requests.list().toReversed()
  const ofSession = all.filter(({ kid }) => kid === parameter)
  if (ofSession.length === 0) {
    throw new ControlError(404, {
      problem: 'No request that is kept is of this session.',
      fix: 'Give the flx.jwk.kid of its capture context; the last 500 requests are kept.',
    })
  }
  const opened = ofSession.find(isOpening)
  const attempts = ofSession.filter((record) => record !== opened)
  const captureContext = opened?.reply?.body.text ?? null
  const { iat, exp } = timesOf(captureContext)
  const isOpen = exp !== undefined && exp * 1000 > clock.now().getTime()
  return {
    kid: parameter,
    merchant: opened?.merchant ?? attempts[0]?.merchant ?? null,
    state: isOpen ? 'open' : 'expired',
    openedAt: iat === undefined ? null : toIso(iat),
    expiresAt: exp === undefined ? null : toIso(exp),
    captureContext,
    opened: opened ?? null,
    attempts,
    tokens: attempts.flatMap((attempt) => showToken(attempt, all)),
  }
}

function isOpening({ operation, status }: RequestRecord): boolean {
  return status === 201 && operation !== null && OPENS.includes(operation)
}

function showToken(attempt: RequestRecord, all: readonly RequestRecord[]): readonly object[] {
  const { jti, id, reply } = attempt
  if (jti === null) return []
  const token = reply?.body.text ?? ''
  const { exp } = timesOf(token)
  const uses = all.filter((record) => record.jti === jti && record !== attempt)
  return [{ jti, token, request: id, expiresAt: exp === undefined ? null : toIso(exp), uses }]
}

function timesOf(jwt: string | null): {
  readonly iat?: number | undefined
  readonly exp?: number | undefined
} {
  const claims = jwt === null ? undefined : decodeJws(jwt)?.claims
  if (claims === undefined) return {}
  return { iat: numberMember(claims, 'iat'), exp: numberMember(claims, 'exp') }
}

function toIso(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
