import { COUNTERS, type Claimed, type Kind, type StoredRecord, type Write } from './contract.ts'
import type { ScriptCall } from './redis-connection.ts'
import type { RedisArgument } from './redis-link.ts'

/** The keys of one lifetime. All have one hash tag, so that a script may touch any of them. */
export interface RedisKeys {
  readonly stamp: string
  /** Counts the ages that were given. */
  readonly sequence: string
  /** Where commands are tried. */
  readonly trial: string
  byAge(kind: Kind): string
  byExpiry(kind: Kind): string
  record(kind: Kind, name: string): string
}

/** A record that may be moved, as the index named it. */
export interface Candidate {
  readonly name: Buffer
  readonly age: Buffer
}

const NOTHING = '-'
// The server forgets a record by itself this long after our clock has: clocks may differ, and purging is sooner.
const GRACE_SECONDS = '3600'
const FORM = /^1 (\d+|-) (\d+) (\d+) (\d+) \d+$/
const LINE_FEED = 0x0a

/** Names the keys of one lifetime. */
export function keysOf(prefix: string, lifetime: 'lasting' | 'passing'): RedisKeys {
  const tag = `{${prefix}:${lifetime}}`
  return {
    stamp: `${tag}:stamp`,
    sequence: `${tag}:sequence`,
    trial: `${tag}:trial`,
    byAge: (kind) => `${tag}:by-age:${kind}`,
    byExpiry: (kind) => `${tag}:by-expiry:${kind}`,
    record: (kind, name) => `${tag}:record:${kind}:${name}`,
  }
}

/** Makes the call that writes a batch. Values are copied: their caller may wipe them before they are sent. */
export function callOfBatch(batch: readonly Write[], keys: RedisKeys, seconds: number): ScriptCall {
  const numbers = new Map<string, number>([[keys.sequence, 1]])
  const numberOf = (key: string): string => {
    const number = numbers.get(key) ?? numbers.size + 1
    numbers.set(key, number)
    return String(number)
  }
  const args: RedisArgument[] = [String(seconds), GRACE_SECONDS]
  for (const write of batch) {
    const { op, kind, name } = write
    const record = numberOf(keys.record(kind, name))
    const index = numberOf(keys.byAge(kind))
    // The script finds the other index behind this one.
    numberOf(keys.byExpiry(kind))
    args.push(op, record, index, name, ...argumentsOf(write))
  }
  return { keys: [...numbers.keys()], args }
}

/** Makes the call that takes candidates, or turns them into records of another kind. */
export function callOfMove(
  candidates: readonly Candidate[],
  keys: RedisKeys,
  move: { kind: Kind; limit: number; as: Claimed | undefined; seconds: number },
): ScriptCall {
  const { kind, limit, as, seconds } = move
  const kinds = as === undefined ? [kind] : [kind, as.kind]
  const expiresAt = as === undefined ? '' : String(as.expiresAt)
  return {
    keys: [
      ...kinds.flatMap((each) => [keys.byAge(each), keys.byExpiry(each)]),
      ...kinds.flatMap((each) => recordsOf(candidates, keys, each)),
    ],
    args: [
      String(seconds),
      GRACE_SECONDS,
      String(limit),
      expiresAt,
      ...candidates.flatMap(({ name, age }) => [name, age]),
    ],
  }
}

/** Makes the call that reads the records of an index, oldest first, unless it has changed since. */
export function callOfList(
  candidates: readonly Candidate[],
  keys: RedisKeys,
  kind: Kind,
): ScriptCall {
  const youngest = candidates.at(-1)
  return {
    keys: [keys.byAge(kind), ...recordsOf(candidates, keys, kind)],
    args: youngest === undefined ? [] : [youngest.name, youngest.age],
  }
}

/** Makes the call that deletes those of the named records that have expired. */
export function callOfPurge(
  names: readonly Buffer[],
  keys: RedisKeys,
  { kind, seconds }: { readonly kind: Kind; readonly seconds: number },
): ScriptCall {
  const records = names.map((name) => keys.record(kind, name.toString()))
  return {
    keys: [keys.byAge(kind), keys.byExpiry(kind), ...records],
    args: [String(seconds), ...names],
  }
}

/**
 * Reads a record; undefined when it has expired.
 *
 * @throws Error when it is of an unknown form: a newer version wrote it, or somebody else.
 */
export function parseRecord(
  name: string,
  payload: Buffer,
  seconds: number,
): StoredRecord | undefined {
  const end = payload.indexOf(LINE_FEED)
  const [, expiry, ...counted] = FORM.exec(payload.toString('latin1', 0, Math.max(end, 0))) ?? []
  if (expiry === undefined) throw new Error('UNKNOWNRECORD a record is of an unknown form')
  const expiresAt = expiry === NOTHING ? undefined : Number(expiry)
  if (expiresAt !== undefined && expiresAt <= seconds) return undefined
  const [issued, opened, failed] = counted.map(Number)
  return {
    name,
    expiresAt,
    // A copy: the rest of the buffer holds other replies.
    value: Buffer.from(payload.subarray(end + 1)),
    counts: { issued: issued ?? 0, opened: opened ?? 0, failed: failed ?? 0 },
  }
}

/** Reads a reply that is a list of texts. */
export function parseBuffers(reply: unknown): readonly Buffer[] {
  if (!Array.isArray(reply) || !reply.every((item) => Buffer.isBuffer(item))) {
    throw new TypeError('Redis replied with something else than a list of texts')
  }
  return reply
}

/** Reads a reply that is a list of names with their scores. */
export function parseCandidates(reply: unknown): readonly Candidate[] {
  const buffers = parseBuffers(reply)
  return pairsOf(buffers).map(([name, age]) => ({ name, age }))
}

/** Splits a list into its pairs. */
export function pairsOf(buffers: readonly Buffer[]): readonly (readonly [Buffer, Buffer])[] {
  return buffers.flatMap((first, index) => {
    const second = buffers[index + 1]
    return index % 2 === 0 && second !== undefined ? [[first, second] as const] : []
  })
}

function argumentsOf(write: Write): readonly RedisArgument[] {
  switch (write.op) {
    case 'put':
    case 'put-new':
    case 'ensure':
      return [expiryOf(write), Buffer.from(write.value)]
    case 'replace':
      return [expiryOf(write), Buffer.from(write.value), Buffer.from(write.previous)]
    case 'count':
      return COUNTERS.map((counter) => String(write.limits[counter] ?? NOTHING))
    case 'delete':
      return []
  }
}

function expiryOf({ expiresAt }: { readonly expiresAt: number | undefined }): string {
  return expiresAt === undefined ? NOTHING : String(expiresAt)
}

function recordsOf(candidates: readonly Candidate[], keys: RedisKeys, kind: Kind): string[] {
  return candidates.map(({ name }) => keys.record(kind, name.toString()))
}
