import { OperatorError } from '../errors.ts'
import type { Mode } from './contract.ts'
import { serverOf, type RedisTarget } from './redis-url.ts'

/** What a server says about itself. */
export interface ServerFacts {
  /** The lines of INFO. */
  readonly info: ReadonlyMap<string, string>
  /** The settings that durability depends on; undefined when the server does not let them be read. */
  readonly config: ReadonlyMap<string, string> | undefined
}

/** The settings that {@link ServerFacts} are made of beside INFO. */
export const DURABILITY_SETTINGS = ['appendfsync', 'no-appendfsync-on-rewrite'] as const

interface Rule {
  /** Whether the operator may answer for it with `durability=asserted`. */
  readonly isAssertable: boolean
  applies(facts: ServerFacts, target: RedisTarget): boolean
  /** What the server does; it is the subject of the sentence. */
  readonly problem: string
  readonly fix: string
}

const FIRST_VERSION = 7

// What makes a server unfit for any use.
const UNFIT: readonly Rule[] = [
  {
    isAssertable: false,
    applies: ({ info }) => info.get('loading') === '1',
    problem: 'is still loading its data',
    fix: 'Wait until it has; a large append-only file takes minutes.',
  },
  {
    isAssertable: false,
    applies: ({ info }) => Number.parseInt(info.get('redis_version') ?? '', 10) < FIRST_VERSION,
    problem: `is older than version ${FIRST_VERSION}`,
    fix: 'Upgrade it to Redis 7, or use another.',
  },
  {
    isAssertable: false,
    applies: ({ info }) => info.get('role') !== 'master',
    problem: 'is a replica, which takes no writes',
    fix: 'Name its primary, or an address that follows a failover.',
  },
  {
    isAssertable: false,
    applies: ({ info }) => info.get('cluster_enabled') === '1',
    problem: 'is a node of a cluster',
    fix: 'Name a server that is no cluster: the store fits one.',
  },
]

// What may lose an acknowledged token.
const LOSSES: readonly Rule[] = [
  {
    isAssertable: false,
    applies: ({ info }) => info.get('maxmemory') !== '0' && policyOf(info) !== 'noeviction',
    problem: 'evicts keys when its memory is full',
    fix: 'Set "maxmemory-policy noeviction" in its configuration.',
  },
  {
    isAssertable: true,
    applies: ({ info }) => info.get('aof_enabled') !== '1',
    problem: 'keeps no append-only file, so that a crash loses what was acknowledged',
    fix: 'Set "appendonly yes" and "appendfsync always" in its configuration.',
  },
  {
    isAssertable: true,
    applies: ({ config }) => config === undefined,
    problem: 'does not let its durability be read (CONFIG GET is refused)',
    fix: 'Allow this user +config|get, or answer for the server yourself with durability=asserted in the URL.',
  },
  {
    isAssertable: true,
    applies: ({ config }) => config?.get('appendfsync') !== 'always',
    problem:
      'does not wait for its disk, so that a power loss takes up to a second of acknowledged tokens',
    fix: 'Set "appendfsync always" in its configuration.',
  },
  {
    isAssertable: true,
    applies: ({ config }) => config?.get('no-appendfsync-on-rewrite') !== 'no',
    problem: 'does not wait for its disk while it rewrites its append-only file',
    fix: 'Set "no-appendfsync-on-rewrite no" in its configuration.',
  },
  {
    isAssertable: true,
    applies: ({ info }, { replicas }) => replicasOf(info) > replicas,
    problem:
      'has replicas that writes do not wait for, so that a failover loses what was acknowledged',
    fix: 'Say how many replicas there are, with replicas= in the URL, or take them away.',
  },
  {
    isAssertable: false,
    applies: ({ info }, { replicas }) => replicasOf(info) < replicas,
    problem: 'has fewer replicas than writes wait for',
    fix: 'Bring the replicas back, or lower replicas= in the URL.',
  },
]

/**
 * Refuses a server that cannot hold the store: in mode `serve` also one that may lose what was acknowledged.
 *
 * @throws OperatorError that names the first thing to change.
 */
export function checkServer(facts: ServerFacts, target: RedisTarget, mode: Mode): void {
  const rules = mode === 'serve' ? [...UNFIT, ...LOSSES] : UNFIT
  const isOpen = ({ isAssertable }: Rule): boolean => !(isAssertable && target.isDurabilityAsserted)
  const broken = rules.find((rule) => isOpen(rule) && rule.applies(facts, target))
  if (broken === undefined) return
  throw new OperatorError(`${serverOf(target)} ${broken.problem}.`, broken.fix)
}

/** Says in one line which durability a server is configured for. */
export function describeDurability({ info, config }: ServerFacts, target: RedisTarget): string {
  const fsync = config?.get('appendfsync') ?? 'not told'
  const file =
    info.get('aof_enabled') === '1' ? `append-only file, fsync ${fsync}` : 'no append-only file'
  const memory =
    info.get('maxmemory') === '0' ? 'no memory limit' : `at the memory limit ${policyOf(info)}`
  const waited = `${replicasOf(info)} replicas, writes wait for ${target.replicas}`
  const asserted = target.isDurabilityAsserted ? ', durability asserted by the URL' : ''
  const version = info.get('redis_version') ?? 'unknown'
  return `${serverOf(target)} (${version}): ${file}; ${memory}; ${waited}${asserted}`
}

/** Reads the reply of INFO. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\r\n').filter((line) => line.includes(':'))
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  )
}

function policyOf(info: ReadonlyMap<string, string>): string {
  return info.get('maxmemory_policy') ?? 'not told'
}

function replicasOf(info: ReadonlyMap<string, string>): number {
  return Number(info.get('connected_slaves') ?? 0)
}
