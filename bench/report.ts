import { CONNECTIONS, SLACK, type Case } from './cases.ts'
import type { Slice } from './measure.ts'
import type { Measured, Results } from './run.ts'
import { spreadOf, type Spread } from './statistics.ts'
import { judgeRatio, type Verdict } from './verdict.ts'

/** What one case came to. */
export interface CaseReport {
  readonly case: Case
  /** CPU of the server per request ÷ CPU of its bare RSA operations. */
  readonly ratio: Spread
  /** CPU microseconds, medians. */
  readonly serverMicroseconds: number
  readonly bareMicroseconds: number
  /** Replies per second of wall time: for information, other programs share the cores. */
  readonly perSecond: Spread
  readonly p50Milliseconds: number
  readonly p99Milliseconds: number
  readonly generatorMicroseconds: number
  /** How far the median ratio of the twin is from that of the server: 0.01 is 1 %. */
  readonly twinDifference: number
  /** Replies by status, of server and twin. */
  readonly statuses: Readonly<Record<number, number>>
  /** `invalid` when a reply was no success or the twin differs too much: nothing can be said then. */
  readonly verdict: Verdict
}

/** Judges a case by the slices of both servers: they are the same program, and two instances differ by a few percent. */
export function judge({ case: of, slices, twinSlices }: Measured): CaseReport {
  const all = [...slices, ...twinSlices]
  const median = (read: (slice: Slice) => number): number => spreadOf(all.map(read)).median
  const ratio = spreadOf(all.map(ratioOf))
  const twinDifference = medianRatio(twinSlices) / medianRatio(slices) - 1
  const isComparable = Math.abs(twinDifference) <= SLACK
  const isValid = isComparable && all.every((slice) => slice.isValid)
  return {
    case: of,
    ratio,
    serverMicroseconds: median((slice) => slice.serverMicroseconds),
    bareMicroseconds: median((slice) => slice.bareMicroseconds),
    perSecond: spreadOf(all.map(({ load }) => load.replies / load.seconds)),
    p50Milliseconds: median(({ load }) => load.p50Milliseconds),
    p99Milliseconds: median(({ load }) => load.p99Milliseconds),
    generatorMicroseconds: median(({ load }) => load.cpuMicroseconds / load.replies),
    twinDifference,
    statuses: countStatuses(all),
    verdict: isValid ? judgeRatio(ratio.median, of.limit) : 'invalid',
  }
}

function medianRatio(slices: readonly Slice[]): number {
  return spreadOf(slices.map(ratioOf)).median
}

function ratioOf({ serverMicroseconds, bareMicroseconds }: Slice): number {
  return serverMicroseconds / bareMicroseconds
}

function countStatuses(slices: readonly Slice[]): Readonly<Record<number, number>> {
  const total: Record<number, number> = {}
  for (const [status, count] of slices.flatMap(({ load }) => Object.entries(load.statuses))) {
    total[Number(status)] = (total[Number(status)] ?? 0) + count
  }
  return total
}

/** Writes the results as text for people. */
export function formatReport(
  { machine, isPinned, minting }: Results,
  reports: readonly CaseReport[],
): string {
  const keysPerSecond = 1000 / minting.millisecondsPerKey
  return [
    `${machine.cpu}, ${machine.cores} cores, avx512ifma ${machine.avx512ifma ? 'yes' : 'no'}`,
    `Node ${machine.node}, OpenSSL ${machine.openssl}; fsync of 2 KB: ${machine.fsyncMicroseconds.toFixed(0)} µs (p50)`,
    'Server: coatcheck serve, 1 worker; SQLite WAL, synchronous=FULL; log level info into a pipe',
    `Load: ${CONNECTIONS} connections, keep-alive, HTTP Signature; generator ${isPinned ? 'on the last core' : 'not pinned'}`,
    'ratio = CPU time of the server for a request ÷ CPU time of its bare RSA operations',
    '',
    formatTable(reports),
    '',
    `One-time keys: ${minting.keyPairs} key pairs minted for this run, each pooled many times under a new kid. Minting takes`,
    `${minting.millisecondsPerKey.toFixed(1)} CPU-ms a key (mean): ${keysPerSecond.toFixed(0)} keys/s/core bound the sustained rate of one-time sessions.`,
  ].join('\n')
}

const COLUMNS: readonly { readonly head: string; show(report: CaseReport): string }[] = [
  { head: 'case', show: ({ case: { operation, keys } }) => `${operation}, ${keys}` },
  { head: 'ratio (min-max)', show: ({ ratio }) => showSpread(ratio, 2) },
  { head: 'limit', show: ({ case: { limit } }) => limit.toFixed(1) },
  { head: 'server µs', show: ({ serverMicroseconds }) => serverMicroseconds.toFixed(0) },
  { head: 'bare µs', show: ({ bareMicroseconds }) => bareMicroseconds.toFixed(0) },
  { head: '/s (min-max)', show: ({ perSecond }) => showSpread(perSecond, 0) },
  {
    head: 'p50/p99 ms',
    show: ({ p50Milliseconds, p99Milliseconds }) =>
      `${p50Milliseconds.toFixed(1)}/${p99Milliseconds.toFixed(1)}`,
  },
  { head: 'generator µs', show: ({ generatorMicroseconds }) => generatorMicroseconds.toFixed(0) },
  { head: 'A/A', show: ({ twinDifference }) => `${(twinDifference * 100).toFixed(1)} %` },
  { head: 'replies', show: ({ statuses }) => showStatuses(statuses) },
  { head: 'verdict', show: ({ verdict }) => verdict },
]

function formatTable(reports: readonly CaseReport[]): string {
  const rows = [
    COLUMNS.map(({ head }) => head),
    ...reports.map((report) => COLUMNS.map(({ show }) => show(report))),
  ]
  const widths = COLUMNS.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .join('\n')
}

function showSpread({ median, min, max }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}-${max.toFixed(digits)})`
}

function showStatuses(statuses: CaseReport['statuses']): string {
  return Object.entries(statuses)
    .map(([status, count]) => `${count}×${status}`)
    .join(' ')
}
