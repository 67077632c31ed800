import type { JsonObject } from '../protocol/parse.ts'
import type { Explained, Row, Scene } from './report.ts'
import { showText, showUnknown, showValue } from './show-value.ts'

/** What is known of one member: a table of these explains an object. */
export interface Note {
  readonly name: string
  /** In a few words; computed where it depends on the value. */
  readonly meaning: string | ((value: unknown, scene: Scene) => string)
  /** Whether its absence is a fault. Default is that it may be absent. */
  readonly required?: true
  /** Writes the value. Default is {@link showValue}. */
  readonly show?: (value: unknown) => string
  /** Says what is wrong, as the rest of a sentence that begins with the name; undefined when nothing is. */
  readonly check?: Check
}

/** See {@link Note}. */
export type Check = (value: unknown, scene: Scene) => string | undefined

/** Where a part stands, and how its members are called in sentences. */
export interface PartName {
  readonly title: string
  /** Before a member's name, such as `flx.`. Default is nothing. */
  readonly prefix?: string
}

const UNKNOWN = 'not part of the protocol; ignored'

/** Explains an object member by member, in its own order; members without a note are shown as unknown. */
export function explainMembers(
  { title, prefix = '' }: PartName,
  members: JsonObject,
  { notes, scene }: { readonly notes: readonly Note[]; readonly scene: Scene },
): Explained {
  const rows: Row[] = []
  const problems = notes
    .filter(({ name, required }) => required && !Object.hasOwn(members, name))
    .map(({ name }) => `${prefix}${name} is missing.`)
  for (const [name, value] of Object.entries(members)) {
    const note = notes.find((candidate) => candidate.name === name)
    rows.push(explainMember(name, value, { note, scene }))
    const fault = note?.check?.(value, scene)
    if (fault !== undefined) problems.push(`${prefix}${name} ${fault}.`)
  }
  return { part: { title, rows }, problems }
}

function explainMember(
  name: string,
  value: unknown,
  { note, scene }: { readonly note: Note | undefined; readonly scene: Scene },
): Row {
  if (note === undefined) {
    return { name: showText(name, 40), value: showUnknown(name, value), meaning: UNKNOWN }
  }
  const { meaning, show = showValue } = note
  const words = typeof meaning === 'string' ? meaning : meaning(value, scene)
  return { name, value: show(value), meaning: words }
}

/** Makes a check: the value is this one. */
export function mustBe(expected: string): Check {
  return (value) => (value === expected ? undefined : `is not ${expected}`)
}

/** Makes a check: the value is text of this form, described as the rest of a sentence (`16 characters of …`). */
export function mustMatch(pattern: RegExp, form: string): Check {
  return (value) =>
    typeof value === 'string' && pattern.test(value) ? undefined : `has not the form of ${form}`
}

/** A check: the value is text, and there is some. */
export const mustBeText: Check = (value) =>
  typeof value === 'string' && value !== '' ? undefined : 'is not a text'

/** A check: the value is a list of texts. */
export const mustBeTexts: Check = (value) =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')
    ? undefined
    : 'is not a list of texts'
