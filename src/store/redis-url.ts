import { OperatorError } from '../errors.ts'
import { Secret } from '../secret.ts'

/** Where a Redis store is, and how far its writes must have gone before they are acknowledged. */
export interface RedisTarget {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly username: string | undefined
  readonly password: Secret | undefined
  /** The numbers of the two databases. They may be the same: the keys differ too. */
  readonly databases: { readonly lasting: number; readonly passing: number }
  /** The beginning of every key. Default is `coatcheck`. */
  readonly prefix: string
  /** How many replicas must have a write before it is acknowledged. Default is 0. */
  readonly replicas: number
  /** Whether the operator answers for durability where the server does not tell. Default is false. */
  readonly isDurabilityAsserted: boolean
}

const FIX =
  'Write redis://[user:password@]host[:port][/database], or rediss:// for TLS, with any of ?prefix=, passing=, replicas= and durability=asserted.'
const DEFAULT_PORT = 6379
const DEFAULT_PREFIX = 'coatcheck'

// What each parameter of the query must look like.
const PARAMETERS: ReadonlyMap<string, RegExp> = new Map([
  ['prefix', /^[A-Za-z0-9._-]{1,64}$/],
  ['passing', /^[0-9]{1,4}$/],
  ['replicas', /^[0-9]$/],
  ['durability', /^asserted$/],
])

/**
 * Reads the URL of a Redis store. Messages never repeat the URL: it may hold a password.
 *
 * @throws OperatorError when it is no such URL, or has a parameter that is unknown or of the wrong form.
 */
export function parseRedisUrl(address: Secret): RedisTarget {
  const text = address.reveal()
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^rediss?:$/.test(url.protocol) || url.hostname === '') {
    throw new OperatorError('The URL of the Redis store cannot be read.', FIX)
  }
  const parameters = readParameters(url.searchParams)
  const database = readDatabase(url.pathname)
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    tls: url.protocol === 'rediss:',
    username: url.username === '' ? undefined : decode(url.username),
    password: url.password === '' ? undefined : new Secret(decode(url.password)),
    databases: {
      lasting: database,
      passing: Number(parameters.get('passing') ?? database + 1),
    },
    prefix: parameters.get('prefix') ?? DEFAULT_PREFIX,
    replicas: Number(parameters.get('replicas') ?? 0),
    isDurabilityAsserted: parameters.has('durability'),
  }
}

/** Names the server in messages: without credentials. */
export function serverOf({ host, port }: RedisTarget): string {
  return `The Redis server at ${host.includes(':') ? `[${host}]` : host}:${port}`
}

function readParameters(search: URLSearchParams): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  for (const [name, value] of search) {
    const isKnown = PARAMETERS.get(name)?.test(value) === true
    if (!isKnown || parameters.has(name)) {
      throw new OperatorError(
        `The URL of the Redis store has ${PARAMETERS.has(name) ? `a wrong "${name}"` : 'an unknown parameter'}.`,
        FIX,
      )
    }
    parameters.set(name, value)
  }
  return parameters
}

function readDatabase(path: string): number {
  const [, digits] = /^\/?([0-9]{0,4})$/.exec(path) ?? []
  if (digits === undefined) {
    throw new OperatorError('The URL of the Redis store names no database by its number.', FIX)
  }
  return Number(digits)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new OperatorError(
      'The URL of the Redis store has a user or password that is not percent-encoded.',
      FIX,
      cause,
    )
  }
}
