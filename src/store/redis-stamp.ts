import { OperatorError } from '../errors.ts'
import type { Mode } from './contract.ts'
import { codeOf } from './redis-errors.ts'
import type { Send } from './redis-connection.ts'
import {
  checkServer,
  DURABILITY_SETTINGS,
  parseInfo,
  type ServerFacts,
} from './redis-durability.ts'
import { parseBuffers, type RedisKeys } from './redis-records.ts'
import { SCRIPTS } from './redis-scripts.ts'
import { serverOf, type RedisTarget } from './redis-url.ts'

const PROGRAM = 'coatcheck'
const LAYOUT = 1

/** Whose stamp a store must carry. */
interface Owner {
  readonly target: RedisTarget
  readonly mode: Mode
}

/**
 * Looks what a server says about itself, and refuses one that cannot hold the store; nothing is written.
 *
 * @throws OperatorError when it cannot; other errors are those of Redis or of the network.
 */
export async function inspectServer(send: Send, { target, mode }: Owner): Promise<ServerFacts> {
  const facts = await readServerFacts(send)
  checkServer(facts, target, mode)
  return facts
}

/**
 * Looks whether the store that is there is ours. What is empty is stamped, left as it is, or has lost what was there.
 *
 * @throws OperatorError when it is not ours or lost; other errors are those of Redis or of the network.
 */
export async function checkStamp(
  send: Send,
  keys: RedisKeys,
  { target, mode, ifEmpty }: Owner & { readonly ifEmpty: 'stamp' | 'leave' | 'refuse' },
): Promise<void> {
  const wanted = [PROGRAM, String(LAYOUT), mode, ifEmpty === 'stamp' ? '1' : '0']
  const reply = await send([
    'EVAL',
    SCRIPTS.stamp,
    '3',
    keys.stamp,
    keys.sequence,
    keys.trial,
    ...wanted,
  ])
  const stamp = Array.isArray(reply) ? reply.map(String) : []
  if (stamp.length > 0) return checkOwner(stamp, target, mode)
  if (ifEmpty === 'leave') return
  throw new OperatorError(
    `${serverOf(target)} has lost the store: it is empty.`,
    'Bring its data back, or start Coatcheck anew to begin with nothing.',
  )
}

/** Reads what a server says about itself. Rejects with the error of Redis or of the network. */
export async function readServerFacts(send: Send): Promise<ServerFacts> {
  const [info, config] = await Promise.all([
    send(['INFO']),
    send(['CONFIG', 'GET', ...DURABILITY_SETTINGS]).catch(undefinedIfRefused),
  ])
  return { info: parseInfo(String(info)), config: config === undefined ? undefined : toMap(config) }
}

/** A server may forbid a command to the user, or not have it at all. */
function undefinedIfRefused(error: unknown): undefined {
  if (!['NOPERM', 'ERR'].includes(codeOf(error))) throw error
}

function toMap(reply: unknown): ReadonlyMap<string, string> {
  const texts = parseBuffers(reply).map(String)
  return new Map(
    texts.flatMap((text, index) => (index % 2 === 0 ? [[text, texts[index + 1] ?? '']] : [])),
  )
}

function checkOwner(
  [program, layout, stamped]: readonly string[],
  target: RedisTarget,
  mode: Mode,
): void {
  const server = serverOf(target)
  if (program !== PROGRAM || !/^[1-9]\d*$/.test(layout ?? '')) {
    throw new OperatorError(
      `${server} holds keys of another program under this prefix.`,
      'Name another with ?prefix= in the URL; nothing was changed.',
    )
  }
  if (Number(layout) > LAYOUT) {
    throw new OperatorError(
      `${server} holds a store of a newer version of Coatcheck (layout ${layout}, this one knows ${LAYOUT}).`,
      'Run that version, or restore a backup; nothing was changed.',
    )
  }
  if (stamped !== mode) {
    throw new OperatorError(
      `${server} holds a store that belongs to "coatcheck ${String(stamped)}".`,
      `"coatcheck ${mode}" needs a prefix or database of its own: name it in the URL; nothing was changed.`,
    )
  }
}
