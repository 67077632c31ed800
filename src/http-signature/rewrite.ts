import { DATES, REQUEST_TARGETS } from './base.ts'
import { formatHttpDate, parseHttpDate } from './date.ts'

/** One line of a string to sign. */
export type Line = readonly [name: string, value: string]

/** Splits a string to sign into its lines; {@link write} puts them together again. */
export function readLines(base: string): readonly Line[] {
  return base.split('\n').map((line) => {
    const colon = line.indexOf(': ')
    return [line.slice(0, colon), line.slice(colon + 2)]
  })
}

/** Writes lines as a string to sign, or with other marks between names and values, and between lines. */
export function write(lines: readonly Line[], colon = ': ', lineBreak = '\n'): string {
  return lines.map(([name, value]) => name + colon + value).join(lineBreak)
}

/** Writes the lines with other names. */
export function rename(lines: readonly Line[], change: (name: string) => string): string {
  return write(lines.map(([name, value]) => [change(name), value]))
}

/** Writes the lines with another value for those of the given names. */
export function revalue(
  lines: readonly Line[],
  names: readonly string[],
  change: (value: string) => string,
): string {
  return write(lines.map(([name, value]) => [name, names.includes(name) ? change(value) : value]))
}

/** Writes the lines with another value for the request target. */
export function retarget(
  lines: readonly Line[],
  change: (method: string, target: string) => string,
): string {
  return revalue(lines, REQUEST_TARGETS, (value) => {
    const space = value.indexOf(' ')
    return change(value.slice(0, space), value.slice(space + 1))
  })
}

/** Writes the lines with another target after the method; `query` is empty or begins with its question mark. */
export function repath(
  lines: readonly Line[],
  change: (path: string, query: string) => string,
): string {
  return retarget(lines, (method, target) => {
    const mark = target.indexOf('?')
    const pathLength = mark < 0 ? target.length : mark
    return `${method} ${change(target.slice(0, pathLength), target.slice(pathLength))}`
  })
}

/** Writes the lines with their date moved by seconds, once for each form of it that clients are known to write. */
export function redate(lines: readonly Line[], seconds: number): readonly string[] {
  return DATE_FORMS.map((form) => revalue(lines, DATES, (value) => form(moveDate(value, seconds))))
}

const DATE_FORMS: readonly ((date: string) => string)[] = [
  (date) => date,
  (date) => date.replace(/ 0(?=\d:)/, ' '),
  (date) => date.replace(', 0', ', '),
  (date) => date.replace(', 0', ', ').replace(/ 0(?=\d:)/, ' '),
]

function moveDate(value: string, seconds: number): string {
  const at = parseHttpDate(value)
  if (at === undefined) return value
  const zone = value.slice(-3)
  return formatHttpDate(new Date((at + seconds) * 1000)).replace('GMT', zone)
}
