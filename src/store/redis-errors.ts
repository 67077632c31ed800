import { OperatorError } from '../errors.ts'

type Sentences = readonly [problem: string, fix: string]

const WRONG_CREDENTIALS: Sentences = [
  'does not accept the user and password of the URL',
  'Correct them: redis://user:password@host; percent-encode what is not a letter or digit.',
]
const NOT_ALLOWED: Sentences = [
  'does not let this user do what the store needs',
  'Allow it +@read +@write +@scripting +@connection +info +wait +config|get, and all keys of the prefix.',
]
const NOT_REACHED: Sentences = [
  'cannot be reached',
  'Check host and port of the URL, that the server runs, and rediss:// where the port speaks TLS.',
]
const SILENT: Sentences = [
  'does not answer',
  'Check that it runs and is not overloaded, and that the port speaks TLS where the URL says rediss://.',
]
const NOT_TRUSTED: Sentences = [
  'has a certificate that is not trusted',
  'Name the file of its authority in NODE_EXTRA_CA_CERTS.',
]
const BEHIND: Sentences = [
  'is a replica, which takes no writes',
  'Name its primary, or an address that follows a failover.',
]

// By the first word of an error reply, or the code of a failed connection. The subject of each sentence is the server.
const SENTENCES: ReadonlyMap<string, Sentences> = new Map<string, Sentences>([
  [
    'NOAUTH',
    ['asks for a password', 'Put user and password into the URL: redis://user:password@host.'],
  ],
  ['WRONGPASS', WRONG_CREDENTIALS],
  ['NOPERM', NOT_ALLOWED],
  ['READONLY', BEHIND],
  ['MASTERDOWN', BEHIND],
  [
    'OOM',
    [
      'is out of memory and refuses writes',
      'Raise maxmemory, or give it a machine with more; nothing was evicted.',
    ],
  ],
  [
    'LOADING',
    ['is still loading its data', 'Wait until it has; a large append-only file takes minutes.'],
  ],
  [
    'BUSY',
    [
      'is busy running a script of another program',
      'Wait, or end it with SCRIPT KILL; give Coatcheck a server of its own.',
    ],
  ],
  [
    'NOREPLICAS',
    [
      'has fewer replicas than its min-replicas-to-write',
      'Bring the replicas back; it refuses writes until then.',
    ],
  ],
  [
    'MISCONF',
    ['cannot write its data to disk', 'Look at its log; check disk space and permissions.'],
  ],
  ['MOVED', ['is a node of a cluster', 'Name a server that is no cluster.']],
  [
    'UNKNOWNRECORD',
    [
      'holds a record of an unknown form',
      'A newer version of Coatcheck wrote it, or it is damaged: run that version, or restore a backup.',
    ],
  ],
  ['ECONNREFUSED', NOT_REACHED],
  ['ECONNRESET', NOT_REACHED],
  ['ENOTFOUND', NOT_REACHED],
  ['EAI_AGAIN', NOT_REACHED],
  ['EHOSTUNREACH', NOT_REACHED],
  ['ENETUNREACH', NOT_REACHED],
  ['ETIMEDOUT', NOT_REACHED],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', NOT_TRUSTED],
  ['SELF_SIGNED_CERT_IN_CHAIN', NOT_TRUSTED],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', NOT_TRUSTED],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', NOT_TRUSTED],
  ['CERT_HAS_EXPIRED', NOT_TRUSTED],
  ['ERR_TLS_CERT_ALTNAME_INVALID', NOT_TRUSTED],
])

const MESSAGES: readonly (readonly [RegExp, Sentences])[] = [
  // Inside a script it is no NOPERM.
  [/user executing the script/, NOT_ALLOWED],
  [/Connection timeout|Socket timeout|no reply within/, SILENT],
  [/Socket closed unexpectedly/, NOT_REACHED],
  [
    /replicas have the write/,
    [
      'did not pass a write on to as many replicas as it must',
      'Bring the replicas back, or lower replicas= in the URL.',
    ],
  ],
  [/AUTH|invalid (?:username|password)/i, WRONG_CREDENTIALS],
  [
    /DB index is out of range/,
    [
      'has no database of that number',
      'Raise "databases" in its configuration, or name others: redis://host/0?passing=0 keeps all in one.',
    ],
  ],
  [
    /max number of clients/,
    ['has no connection left', 'Raise its maxclients; each process takes two.'],
  ],
  [
    /wrong version number|packet length|SSL routines/,
    [
      'does not speak TLS on this port, or not the same',
      'Write redis:// for a server without TLS, or name its TLS port.',
    ],
  ],
]

/**
 * Says in one sentence what a failure of Redis means and in one how it is mended.
 *
 * @param server - The subject of the sentence, such as `The Redis server at db:6379`.
 */
export function explainRedis(error: unknown, server: string): OperatorError {
  if (error instanceof OperatorError) return error
  const [problem, fix] = sentencesOf(error)
  return new OperatorError(`${server} ${problem}.`, fix, error)
}

/** Returns the first word of an error reply, or the code of a failed connection; empty when there is neither. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined
  if (first instanceof Error) return codeOf(first)
  const code: unknown = 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : (/^[A-Z]+(?= )/.exec(error.message)?.[0] ?? '')
}

function sentencesOf(error: unknown): Sentences {
  const known = SENTENCES.get(codeOf(error))
  if (known !== undefined) return known
  const message = error instanceof Error ? error.message : String(error)
  const [, likely] = MESSAGES.find(([pattern]) => pattern.test(message)) ?? []
  return (
    likely ?? [
      `failed: ${message.replace(/\.$/, '')}`,
      'Look at its log; the requests are refused until it works.',
    ]
  )
}
