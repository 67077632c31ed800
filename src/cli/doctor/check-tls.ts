import { OperatorError } from '../../errors.ts'
import { dateInWords } from '../../inspect/time-in-words.ts'
import type { Facts } from './facts.ts'
import { ok, problem, warning, type Finding } from './finding.ts'

const SOON_SECONDS = 14 * 24 * 3600

/** Judges the certificate with which the vault speaks TLS, where it does so itself. */
export function checkTls({ tls, clock }: Pick<Facts, 'tls' | 'clock'>): readonly Finding[] {
  if (tls === undefined) return []
  if (tls instanceof OperatorError) return [problem(tls.problem, tls.fix)]
  const foreign = warning(
    'The TLS certificate is not for the host of the public origin: callers refuse it.',
    'Have one issued for that host, or name the proxy that shows another with --proxies.',
  )
  return [judgeEnd(tls.notAfter, clock.now), ...(tls.isForOrigin ? [] : [foreign])]
}

function judgeEnd(notAfter: number, now: number): Finding {
  const end = dateInWords(notAfter)
  if (notAfter - now > SOON_SECONDS) return ok(`The TLS certificate is good until ${end}.`)
  return warning(
    `The TLS certificate expires on ${end}.`,
    'Have it renewed and put the new one in its place: a running service reads it anew.',
  )
}
