import { CONNECTIONS, SLACK, type Operation } from './cases.ts'
import type { Engine } from './databases.ts'
import { spreadOf, type Spread } from './statistics.ts'
import type { StoreResults, StoreRound, StoreSlice, SubjectName } from './stores.ts'
import { judgeRatio, type Verdict } from './verdict.ts'

/** The most that a token may cost the service on an engine, in multiples of what it costs on memory. */
const LIMITS: Readonly<Record<Engine, number>> = { sqlite: 1.15, postgres: 1.25, redis: 1.25 }

/** What one store came to. */
interface StoreFigures {
  /** Tokens a second of wall time: for information, other programs share the cores. */
  readonly tokensPerSecond: Spread
  readonly p50Milliseconds: number
  readonly p99Milliseconds: number
  /** CPU of the service a token, median. */
  readonly serviceMicroseconds: number
  /** CPU of the database's own processes a token, median; undefined when it has none. */
  readonly databaseMicroseconds: number | undefined
  /** Replies by status. */
  readonly statuses: Readonly<Record<number, number>>
}

/** What a run came to. */
export interface StoreReport {
  readonly engine: Engine
  readonly memory: StoreFigures
  readonly own: StoreFigures
  /** CPU of the service a token, on the engine by on memory: each round's by the mean of its two on memory. */
  readonly ratio: Spread
  /** The same of a session, which mostly writes nothing. */
  readonly sessionRatio: Spread
  readonly limit: number
  /** How far apart the two services on memory are, as a ratio. */
  readonly control: Spread
  /** `invalid` when a reply was no success or the two on memory differ too much: nothing can be said then. */
  readonly verdict: Verdict
}

/** Judges a run. */
export function judgeStore({ engine, rounds }: StoreResults): StoreReport {
  const ratio = ratioOf(rounds, 'token')
  const control = spreadOf(
    rounds.map(({ memory, twin }) => costOf(twin.token) / costOf(memory.token)),
  )
  const slices = rounds.flatMap(({ memory, engine: own, twin }) =>
    [memory, own, twin].flatMap(({ session, token }) => [session, token]),
  )
  const isComparable = Math.abs(control.median - 1) <= SLACK
  const isValid = isComparable && slices.every((slice) => slice.isValid)
  const limit = LIMITS[engine]
  return {
    engine,
    memory: figuresOf(rounds, ['memory', 'twin']),
    own: figuresOf(rounds, ['engine']),
    ratio,
    sessionRatio: ratioOf(rounds, 'session'),
    limit,
    control,
    verdict: isValid ? judgeRatio(ratio.median, limit) : 'invalid',
  }
}

const costOf = ({ serviceMicroseconds }: StoreSlice): number => serviceMicroseconds

function ratioOf(rounds: readonly StoreRound[], operation: Operation): Spread {
  return spreadOf(
    rounds.map(({ memory, engine, twin }) => {
      const mean = (costOf(memory[operation]) + costOf(twin[operation])) / 2
      return costOf(engine[operation]) / mean
    }),
  )
}

function figuresOf(rounds: readonly StoreRound[], names: readonly SubjectName[]): StoreFigures {
  const slices = rounds.flatMap((round) => names.map((name) => round[name].token))
  const median = (read: (slice: StoreSlice) => number): number => spreadOf(slices.map(read)).median
  const hasDatabase = slices.some(({ databaseMicroseconds }) => databaseMicroseconds !== undefined)
  const statuses: Record<number, number> = {}
  for (const [status, count] of slices.flatMap(({ load }) => Object.entries(load.statuses))) {
    statuses[Number(status)] = (statuses[Number(status)] ?? 0) + count
  }
  return {
    tokensPerSecond: spreadOf(slices.map(({ load }) => load.replies / load.seconds)),
    p50Milliseconds: median(({ load }) => load.p50Milliseconds),
    p99Milliseconds: median(({ load }) => load.p99Milliseconds),
    serviceMicroseconds: median(costOf),
    databaseMicroseconds: hasDatabase
      ? median(({ databaseMicroseconds }) => databaseMicroseconds ?? NaN)
      : undefined,
    statuses,
  }
}

/** Writes a run for people. */
export function formatStoreReport(
  { machine, settings, isPinned }: StoreResults,
  report: StoreReport,
): string {
  const { engine, memory, own, ratio, sessionRatio, limit, control, verdict } = report
  return [
    `${machine.cpu}, ${machine.cores} cores, avx512ifma ${machine.avx512ifma ? 'yes' : 'no'}`,
    `Node ${machine.node}, OpenSSL ${machine.openssl}; fsync of 2 KB: ${machine.fsyncMicroseconds.toFixed(0)} µs (p50)`,
    `Store: ${settings}`,
    `Tokens of rotated keys; ${CONNECTIONS} connections, keep-alive; generator ${isPinned ? 'on the last core' : 'not pinned'}`,
    'CPU of the service and of the database: all their processes and threads, a token; medians of slices',
    '',
    formatRows([
      ['store', 'tokens/s (min-max)', 'p50/p99 ms', 'service µs', 'database µs', 'replies'],
      rowOf('memory', memory),
      rowOf(engine, own),
    ]),
    '',
    `${engine} by memory: ${showRatio(ratio)}; limit ${limit}, slack ${SLACK * 100} %: ${verdict}`,
    `memory by memory (control): ${showRatio(control)}; invalid when the median is more than ${SLACK * 100} % off`,
    `sessions, for information: ${showRatio(sessionRatio)}`,
  ].join('\n')
}

function rowOf(name: string, figures: StoreFigures): readonly string[] {
  const { tokensPerSecond: rate, databaseMicroseconds: own, statuses } = figures
  return [
    name,
    `${rate.median.toFixed(0)} (${rate.min.toFixed(0)}-${rate.max.toFixed(0)})`,
    `${figures.p50Milliseconds.toFixed(1)}/${figures.p99Milliseconds.toFixed(1)}`,
    figures.serviceMicroseconds.toFixed(0),
    own === undefined ? 'in the service' : own.toFixed(0),
    Object.entries(statuses)
      .map(([status, count]) => `${count}×${status}`)
      .join(' '),
  ]
}

function formatRows(rows: readonly (readonly string[])[]): string {
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(width(column)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function showRatio({ median, min, max }: Spread): string {
  return `${median.toFixed(3)} (${min.toFixed(2)}-${max.toFixed(2)})`
}
