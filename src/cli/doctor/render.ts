import { styleText } from 'node:util'
import { count, printable } from '../../inspect/show-value.ts'
import type { Findings } from './checks.ts'
import type { Severity } from './finding.ts'

const MARKS = {
  ok: { mark: '✓', format: 'green' },
  note: { mark: '·', format: 'cyan' },
  warning: { mark: '!', format: 'yellow' },
  problem: { mark: '✗', format: 'red' },
} as const

/** How many findings there are of each severity. */
export type Counts = Readonly<Record<Severity, number>>

/** Counts findings by severity. */
export function countFindings(areas: readonly Findings[]): Counts {
  const all = areas.flatMap(({ findings }) => findings)
  const of = (severity: Severity): number =>
    all.filter((finding) => finding.severity === severity).length
  return { ok: of('ok'), note: of('note'), warning: of('warning'), problem: of('problem') }
}

/** Writes the findings for people: a line for what was found and, indented, one for what to do. */
export function renderFindings(areas: readonly Findings[]): string {
  return [...areas.flatMap(renderArea), renderCounts(countFindings(areas))].join('\n')
}

function renderArea({ area, findings }: Findings): readonly string[] {
  const lines = findings.flatMap(({ severity, what, fix }) => {
    const { mark, format } = MARKS[severity]
    const found = `  ${paint(format, mark)} ${printable(what)}`
    return fix === undefined ? [found] : [found, `    ${paint('dim', printable(fix))}`]
  })
  return [paint('bold', area), ...lines, '']
}

function renderCounts(counts: Counts): string {
  const parts = [
    count(counts.problem, 'problem'),
    count(counts.warning, 'warning'),
    count(counts.note, 'note'),
  ]
  return `${parts.join(', ')}; ${counts.ok} ok.`
}

function paint(format: Parameters<typeof styleText>[0], text: string): string {
  return styleText(format, text, { stream: process.stdout })
}
