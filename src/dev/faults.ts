import type { Random } from '../clock-and-random.ts'
import type { JsonObject } from '../protocol/parse.ts'
import type { Exchange } from './exchange.ts'
import type { Fault, FaultMatch, FaultSettings, Stage } from './fault.ts'
import { readFault, type FaultRequest } from './read-fault.ts'

/** The faults of an emulator. Every change is announced to those who listen. */
export interface Faults {
  /**
   * Sets a fault.
   *
   * @throws OperatorError that says what is wrong with it.
   */
  add(fault: FaultRequest): Fault
  /** Sets a fault of which nothing is known yet. Throws as {@link add} does. */
  addUnread(fault: JsonObject): Fault
  /** Every fault, spent ones included, in the order in which they were set. */
  list(): readonly Fault[]
  /** Removes one fault, or (default) all. Returns how many there were. */
  clear(id?: string): number
  /** Takes what a request meets at a stage: of each fault that is for it, its first time. */
  take(stage: Stage, exchange: Exchange): readonly Fault[]
  /** Calls a function after every change. Returns what ends that. */
  onChange(listener: () => void): () => void
}

const NONE: readonly Fault[] = []
const MOST_FAULTS = 1000

/** Makes an empty set of faults. */
export function createFaults(random: Pick<Random, 'bytes'>): Faults {
  const faults = new Map<string, Fault>()
  const listeners = new Set<() => void>()
  let added = 0

  const announce = (): void => {
    for (const listener of listeners) listener()
  }

  function addUnread(request: JsonObject): Fault {
    const settings = readFault(request)
    added += 1
    const fault = toFault(`f${added}`, settings)
    const [oldest] = faults.keys()
    if (faults.size >= MOST_FAULTS && oldest !== undefined) faults.delete(oldest)
    faults.set(fault.id, fault)
    announce()
    return fault
  }

  function clear(id?: string): number {
    const removed = id === undefined ? [...faults.keys()] : [id].filter((each) => faults.has(each))
    for (const each of removed) faults.delete(each)
    if (removed.length > 0) announce()
    return removed.length
  }

  function isMet(fault: Fault, stage: Stage, exchange: Exchange): boolean {
    if (fault.stage !== stage || fault.left === 0 || exchange.met.has(fault.id)) return false
    if (!isFor(fault.match, exchange)) return false
    return fault.probability === 1 || draw(random) < fault.probability
  }

  function take(stage: Stage, exchange: Exchange): readonly Fault[] {
    if (faults.size === 0) return NONE
    const met = [...faults.values()].filter((fault) => isMet(fault, stage, exchange))
    for (const fault of met) {
      exchange.met.add(fault.id)
      const left = fault.left === 'always' ? fault.left : fault.left - 1
      faults.set(fault.id, { ...fault, left, hits: fault.hits + 1 })
    }
    if (met.length > 0) announce()
    return met
  }

  return {
    add: (request) => addUnread({ ...request }),
    addUnread,
    list: () => [...faults.values()],
    clear,
    take,
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function draw(random: Pick<Random, 'bytes'>): number {
  return random.bytes(4).readUInt32BE() / 2 ** 32
}

/** Tells whether a fault is for a request. */
function isFor(match: FaultMatch, exchange: Exchange): boolean {
  const { method, path, merchant, operation } = match
  return (
    (method === undefined || method === exchange.method) &&
    (merchant === undefined || merchant === exchange.merchant) &&
    (operation === undefined || operation === exchange.operation) &&
    (path === undefined || isPath(path, exchange.target))
  )
}

function isPath(pattern: string, target: string): boolean {
  const wanted = pattern.split('/')
  const found = (target.split('?', 1)[0] ?? '').split('/')
  return (
    wanted.length === found.length && wanted.every((part, at) => part === '*' || part === found[at])
  )
}

function toFault(id: string, settings: FaultSettings): Fault {
  return { id, ...settings, left: settings.times, hits: 0, description: describe(settings) }
}

function describe({
  kind,
  stage,
  code,
  reason,
  milliseconds,
  seconds,
  ...rest
}: FaultSettings): string {
  const { match, times, probability } = rest
  const which = [match.method, match.path, match.operation].filter((part) => part !== undefined)
  const whose = match.merchant === undefined ? '' : ` of ${match.merchant}`
  const requests = `${which.length === 0 ? 'request' : which.join(' ')}${whose}`
  const often = times === 'always' ? 'every' : times === 1 ? 'the next' : `the next ${times}`
  const chance = probability === 1 ? '' : ` with probability ${probability}`
  const what = [
    code ?? kind,
    ...(reason === undefined ? [] : [`(${reason})`]),
    ...(milliseconds === undefined ? [] : [`of ${milliseconds} ms`]),
    ...(seconds === undefined ? [] : [`of ${seconds} s`]),
  ]
  return `${often} ${requests}: ${what.join(' ')} at ${stage}${chance}`
}
