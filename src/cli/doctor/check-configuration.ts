import { isIP } from 'node:net'
import { serviceLinkFix, type Config } from '../../config.ts'
import { OperatorError } from '../../errors.ts'
import { PUBLIC_KEYS_CACHE_SECONDS } from '../../http/routes.ts'
import { checkPorts } from '../listen.ts'
import type { Facts, MachineFacts, UnknownVariable } from './facts.ts'
import { note, ok, problem, warning, type Finding } from './finding.ts'

const LOOPBACK = /^(?:localhost|127\.[0-9.]+|::1)$/
/** How many keys one worker claims at once: a smaller pool is empty after one claim. */
const CLAIMED_AT_ONCE = 32

/** Judges the settings that "coatcheck serve" would run with; what is missing or wrong keeps it from starting. */
export function checkConfiguration({
  config,
  unknownVariables,
  machine,
}: Pick<Facts, 'config' | 'unknownVariables' | 'machine'>): readonly Finding[] {
  const unknown = unknownVariables.map(judgeVariable)
  if (config instanceof OperatorError) return [...unknown, problem(config.problem, config.fix)]
  const findings = [...unknown, ...JUDGEMENTS.flatMap((judge) => judge(config, machine))]
  return findings.length > 0 ? findings : [ok('No setting will bite.')]
}

type Judgement = (config: Config, machine: MachineFacts) => readonly Finding[]

const JUDGEMENTS: readonly Judgement[] = [
  judgeOrigin,
  judgePages,
  judgeHost,
  judgeProxies,
  judgeOperators,
  judgePorts,
  judgeWorkers,
  judgeSessions,
  judgeStage,
]

function judgeVariable({ name, nearest }: UnknownVariable): Finding {
  const mistyped =
    nearest === undefined ? 'Remove it.' : `Did you mean ${nearest}? Rename or remove it.`
  return problem(
    `The environment has an unknown variable ${name}: no command starts with it.`,
    serviceLinkFix(name) ?? mistyped,
  )
}

function judgeOrigin({ origin }: Config): readonly Finding[] {
  const example = 'such as https://pay.example.com'
  if (origin === '') {
    const fix = `Give doctor what "coatcheck serve" gets: --origin, COATCHECK_ORIGIN or --config, ${example}.`
    return [warning('There is no public origin: "coatcheck serve" refuses to start.', fix)]
  }
  const parsed = URL.parse(origin)
  if (parsed?.protocol === 'https:' && parsed.origin === origin) return []
  const fix = `Set --origin to the https origin that shoppers reach, ${example}.`
  return [problem('The public origin is not an https origin without a path.', fix)]
}

function judgePages({ pageOrigins }: Config): readonly Finding[] {
  if (pageOrigins.length > 0) return []
  return [
    note(
      'No page may create tokens: --page-origins is empty, and browsers refuse the reply.',
      'Set it to the origins of your pages, unless only apps and servers create tokens.',
    ),
  ]
}

function judgeHost({ host, proxies, tlsCertFile, tlsKeyFile }: Config): readonly Finding[] {
  const isLoopback = LOOPBACK.test(host)
  const speaksTls = tlsCertFile !== '' || tlsKeyFile !== ''
  if (!isLoopback && proxies.length === 0 && !speaksTls) {
    return [
      problem(
        'The vault would listen beyond this machine without TLS.',
        'Name a certificate with --tls-cert-file and --tls-key-file, put a TLS proxy in front and name its address with --proxies, or listen on a loopback address.',
      ),
    ]
  }
  if (!isLoopback || proxies.length === 0 || proxies.some(isLoopbackAddress)) return []
  return [
    warning(
      `No proxy of --proxies is on this machine, and --host ${host} is reached from this machine only.`,
      'Set --host to the address that the proxy connects to.',
    ),
  ]
}

function isLoopbackAddress(proxy: string): boolean {
  return LOOPBACK.test(proxy.split('/', 1)[0] ?? '')
}

function judgeProxies({ proxies }: Config): readonly Finding[] {
  return proxies.flatMap((proxy) => {
    if (isIP(proxy.split('/', 1)[0] ?? '') === 0) {
      const fix = 'Set --proxies to IP addresses or networks.'
      return [problem('A proxy is not given by its address.', fix)]
    }
    if (!proxy.endsWith('/0')) return []
    const fix = 'Name the address of the proxy, or its own small network.'
    return [warning(`The proxy ${proxy} is everybody: anyone may forge a client address.`, fix)]
  })
}

function judgeOperators({ operatorHost }: Config): readonly Finding[] {
  if (LOOPBACK.test(operatorHost)) return []
  return [
    warning(
      `The operators’ listener is on ${operatorHost}, without TLS and without a password.`,
      'Set --operator-host to a loopback address, or let a firewall keep others out.',
    ),
  ]
}

function judgePorts(config: Config, machine: MachineFacts): readonly Finding[] {
  const { firstFreePort, mayBindAnyPort } = machine
  const low = [config.port, config.operatorPort].filter((each) => each > 0 && each < firstFreePort)
  const same = checkPorts(config)
  return [
    ...(mayBindAnyPort ? [] : low).map((each) =>
      problem(
        `Port ${each} needs privileges that this user does not have.`,
        `Name a port from ${firstFreePort} on, and let a proxy in front listen on the low one.`,
      ),
    ),
    ...(same === undefined ? [] : [problem(same.problem, same.fix)]),
  ]
}

function judgeWorkers(
  { workers, poolTarget }: Config,
  { cores }: MachineFacts,
): readonly Finding[] {
  const running = workers || cores
  const findings: Finding[] = []
  if (workers > cores) {
    findings.push(
      warning(
        `There are ${workers} workers for ${cores} cores: they slow each other down.`,
        `Set --workers to ${cores}, or to 0 for one per core.`,
      ),
    )
  }
  if (poolTarget < running * CLAIMED_AT_ONCE) {
    findings.push(
      warning(
        `A pool of ${poolTarget} keys is less than what ${running === 1 ? '1 worker claims' : `${running} workers claim`} at once.`,
        `Set --pool-target to ${running * CLAIMED_AT_ONCE} or more.`,
      ),
    )
  }
  return findings
}

function judgeSessions({ tokensPerSession, attemptsPerSession }: Config): readonly Finding[] {
  if (attemptsPerSession >= tokensPerSession) return []
  return [
    warning(
      `A session may give ${tokensPerSession} tokens and sees ${attemptsPerSession} attempts: it ends before.`,
      'Set --attempts-per-session to at least --tokens-per-session.',
    ),
  ]
}

function judgeStage({ keyStageSeconds }: Config): readonly Finding[] {
  if (keyStageSeconds > PUBLIC_KEYS_CACHE_SECONDS) return []
  return [
    warning(
      `A new signing key signs ${keyStageSeconds} seconds after it is published, and others may cache the published ones for ${PUBLIC_KEYS_CACHE_SECONDS}.`,
      `Set --key-stage-seconds to more than ${PUBLIC_KEYS_CACHE_SECONDS}.`,
    ),
  ]
}
