import type { Now } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import { isClockTime, readDuration, readTime } from './duration.ts'

/** What a time may be given as: a Date, ISO 8601 with a zone, or seconds since the epoch. */
export type TimeInput = Date | string | number

/** The machine's clock; a clock that runs from another time; one that stands still. */
export type ClockMode = 'running' | 'shifted' | 'frozen'

/** What time it is in the emulator, as the control API shows it. Times are ISO 8601. */
export interface ClockState {
  readonly mode: ClockMode
  readonly now: string
  /** The machine's time. */
  readonly wall: string
  readonly offsetSeconds: number
  /** Whether merchants' signatures are checked against this clock instead of the machine's. */
  readonly signaturesFollow: boolean
  /** A sentence to show; null while the clock is the machine's. */
  readonly warning: string | null
}

/** The one clock of an emulator. Every change is announced to those who listen. */
export interface DevClock {
  /** By which everything of the emulator goes, but for merchants' signatures. */
  readonly now: Now
  /** By which merchants' signatures are checked: the machine's clock, as official clients sign with real time. */
  readonly signatures: Now
  /** The machine's clock. */
  readonly machine: Now
  state(): ClockState
  /** Stops the clock, at a time or (default) now. */
  freeze(at?: TimeInput): void
  /** Sets the time. A frozen clock stays frozen, any other runs on from there. */
  set(at: TimeInput): void
  /** Moves the time by a duration such as `15m`, or by seconds; a negative one goes back. */
  advance(by: string | number): void
  /** Goes back to the machine's clock, for signatures too. */
  resume(): void
  /** Has merchants' signatures checked against this clock, or against the machine's again. */
  followSignatures(follow: boolean): void
  /** Calls a function after every change. Returns what ends that. */
  onChange(listener: () => void): () => void
}

/** Makes a clock that runs with the machine's. */
export function createDevClock(machine: Now): DevClock {
  const listeners = new Set<() => void>()
  let offset = 0
  let frozenAt: number | undefined
  let signaturesFollow = false

  const milliseconds = (): number => frozenAt ?? machine().getTime() + offset
  const now: Now = () => new Date(milliseconds())
  const announce = (): void => {
    for (const listener of listeners) listener()
  }

  function goTo(time: number, isFrozen: boolean): void {
    if (!isClockTime(new Date(time))) throw badTime()
    frozenAt = isFrozen ? time : undefined
    offset = time - machine().getTime()
    announce()
  }

  function state(): ClockState {
    const [time, wall] = [now(), machine()]
    const mode = frozenAt !== undefined ? 'frozen' : offset === 0 ? 'running' : 'shifted'
    const offsetSeconds = Math.round((time.getTime() - wall.getTime()) / 1000)
    const known = { mode, now: time.toISOString(), wall: wall.toISOString() } as const
    const warning = warningOf(known, offsetSeconds, signaturesFollow)
    return { ...known, offsetSeconds, signaturesFollow, warning }
  }

  return {
    now,
    signatures: () => (signaturesFollow ? now() : machine()),
    machine,
    state,
    freeze: (at) => goTo(at === undefined ? milliseconds() : toMilliseconds(at), true),
    set: (at) => goTo(toMilliseconds(at), frozenAt !== undefined),
    advance: (by) => goTo(milliseconds() + toDuration(by) * 1000, frozenAt !== undefined),
    resume: () => {
      frozenAt = undefined
      offset = 0
      signaturesFollow = false
      announce()
    },
    followSignatures: (follow) => {
      signaturesFollow = follow
      announce()
    },
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function toMilliseconds(at: TimeInput): number {
  const time = readTime(at)
  if (time === undefined) throw badTime()
  return time.getTime()
}

function toDuration(by: string | number): number {
  const seconds = readDuration(by)
  if (seconds !== undefined) return seconds
  throw new OperatorError(
    'This is not a duration.',
    'Give one such as 90s, 15m, 1h30m or -2d, or a number of seconds.',
  )
}

function badTime(): OperatorError {
  return new OperatorError(
    'This is not a time that the clock can be set to.',
    'Give ISO 8601 with a zone, such as 2027-01-01T00:00:00Z, or seconds since the epoch; from the year 2000 to 2099.',
  )
}

function warningOf(
  { mode, now }: Pick<ClockState, 'mode' | 'now'>,
  offsetSeconds: number,
  signaturesFollow: boolean,
): string | null {
  if (mode === 'running' && !signaturesFollow) return null
  const difference =
    offsetSeconds === 0
      ? 'level with'
      : `${inWords(Math.abs(offsetSeconds))} ${offsetSeconds > 0 ? 'ahead of' : 'behind'}`
  const what =
    mode === 'frozen'
      ? `The clock is frozen at ${now}, ${difference} the machine's.`
      : `The clock is ${difference} the machine's.`
  const signatures = signaturesFollow ? " Merchants' signatures are checked against it." : ''
  return `${what}${signatures} "coatcheck clock resume" sets it right.`
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const

/** Says a time in its two largest units, such as `15 minutes 43 seconds`. */
function inWords(seconds: number): string {
  let rest = seconds
  const terms = UNITS.flatMap(([unit, length]) => {
    const count = Math.floor(rest / length)
    rest %= length
    return count === 0 ? [] : [`${count} ${unit}${count === 1 ? '' : 's'}`]
  })
  return terms.slice(0, 2).join(' ')
}
