import { styleText } from 'node:util'
import type { Part, Report, Row } from './report.ts'

const WIDEST_NAME = 46
const WIDEST_VALUE = 50

/** How a stretch of text stands out. */
export type Emphasis = 'title' | 'heading' | 'remark' | 'problem'

/** Gives text its emphasis. */
export type Paint = (emphasis: Emphasis, text: string) => string

const FORMATS = { title: 'bold', heading: 'cyan', remark: 'dim', problem: 'yellow' } as const

/** Colours text for standard output, if that is a terminal and `NO_COLOR` is not set. */
export const paint: Paint = (emphasis, text) =>
  styleText(FORMATS[emphasis], text, { stream: process.stdout })

/** Writes a report for people: aligned columns, and what is wrong at the end. */
export function renderReport(report: Report, paintText: Paint): string {
  const { title, parts, problems } = report
  const found = problems.map((problem) => paintText('problem', `⚠ ${problem}`))
  return [
    paintText('title', title),
    paintText('remark', 'Nothing is verified here: anybody could have written this.'),
    ...parts.flatMap((part) => renderPart(part, paintText)),
    '',
    ...(found.length > 0 ? found : ['Its form shows no fault.']),
  ].join('\n')
}

function renderPart({ title, rows }: Part, paintText: Paint): readonly string[] {
  const nameWidth = widthOf(
    rows.map(({ name }) => name),
    WIDEST_NAME,
  )
  const valueWidth = widthOf(
    rows.map(({ value }) => value),
    WIDEST_VALUE,
  )
  const lines = rows.map(({ name, value, meaning }: Row) => {
    const left = `  ${name.padEnd(nameWidth)}  ${value.padEnd(valueWidth)}`
    const below = `\n${' '.repeat(4 + nameWidth + valueWidth)}`
    return `${left}${value.length > valueWidth ? below : ''}  ${paintText('remark', meaning)}`.trimEnd()
  })
  return ['', paintText('heading', title), ...lines]
}

function widthOf(texts: readonly string[], widest: number): number {
  return Math.min(widest, Math.max(0, ...texts.map((text) => text.length)))
}
