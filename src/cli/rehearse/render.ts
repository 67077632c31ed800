import { styleText } from 'node:util'
import { printable } from '../../inspect/show-value.ts'
import { OPERATIONS, type Cell, type OperationName, type Report, type Row } from './report.ts'

const MARKS = {
  ready: ['green', '✓'],
  'not ready': ['red', '✗'],
  'not configured': ['dim', '–'],
} as const

/** Writes the readiness table, and below it what fails and what to change. */
export function renderReport(report: Report): string {
  const { url, merchantId, rows } = report
  const width = Math.max(...rows.map(({ title }) => title.length))
  return [
    `Rehearsal of ${printable(merchantId)} at ${url}`,
    '',
    `  ${' '.repeat(width)}  ${OPERATIONS.map((name) => name.padEnd(8)).join('  ')}`.trimEnd(),
    ...rows.map((row) => renderRow(row, width)),
    ...rows.flatMap(explainRow),
    ...explainToken(report),
    '',
    summarise(report),
  ].join('\n')
}

function renderRow({ title, state, operations }: Row, width: number): string {
  const [colour, mark] = MARKS[state]
  const painted = styleText(colour, mark, { stream: process.stdout })
  const cells = OPERATIONS.map((name) => (operations[name]?.state ?? '').padEnd(8)).join('  ')
  return `${painted} ${title.padEnd(width)}  ${state === 'not configured' ? state : cells}`.trimEnd()
}

function explainRow({ title, lacking, operations }: Row): readonly string[] {
  const lines = [
    ...(lacking === undefined ? [] : [`  ${lacking}`]),
    ...alike(operations).flatMap(({ names, cell }) => explainCell(names.join(', '), cell)),
  ]
  return lines.length === 0 ? [] : ['', title, ...lines]
}

/** The operations of a row, those together that went the same way for the same reason. */
function alike(
  operations: Row['operations'],
): readonly { readonly names: readonly OperationName[]; readonly cell: Cell }[] {
  const groups: { readonly names: OperationName[]; readonly cell: Cell }[] = []
  for (const name of OPERATIONS) {
    const cell = operations[name]
    if (cell === undefined) continue
    const known = groups.find((group) => isAlike(group.cell, cell))
    if (known === undefined) groups.push({ names: [name], cell })
    else known.names.push(name)
  }
  return groups
}

function isAlike(one: Cell, other: Cell): boolean {
  return one.state === other.state && one.message === other.message && one.fix === other.fix
}

function explainCell(name: string, cell: Cell): readonly string[] {
  if (cell.message === undefined) return []
  const { message, reason, status, correlationId, fix } = cell
  const facts = [
    reason,
    status === undefined ? undefined : `status ${status}`,
    correlationId === undefined ? undefined : `correlation id ${correlationId}`,
  ].filter((fact) => fact !== undefined)
  const shown = printable(message).replace(/\.$/, '')
  return [
    `  ${name}: ${shown}${facts.length === 0 ? '' : ` (${printable(facts.join(', '))})`}.`,
    ...(fix === undefined ? [] : [`    Change: ${printable(fix)}`]),
  ]
}

function explainToken({ tokenProblem }: Report): readonly string[] {
  return tokenProblem === undefined
    ? []
    : ['', 'Transient token', ...explainCell('token', tokenProblem)]
}

function summarise({ ready, rows }: Report): string {
  const configured = rows.filter(({ state }) => state !== 'not configured')
  const works = configured.filter(({ state }) => state === 'ready').length
  const counted = `${works} of ${configured.length} configured ways work`
  return ready ? `Ready: ${counted}.` : `Not ready: ${counted}.`
}
