import {
  isJsonObject,
  locate,
  stringMember,
  stringsMember,
  type JsonObject,
} from '../protocol/parse.ts'
import { CARD_TYPES, isCardTypeCode } from '../card/card-type.ts'
import type { Explained, Row } from './report.ts'
import { showText } from './show-value.ts'

const MOST_LEVELS = 6
const LEAF_MEMBERS: readonly string[] = ['value', 'maskedValue', 'bin', 'detectedCardTypes']

/** The leaves whose `value` the wire shows in clear. */
const SHOWN_IN_CLEAR: ReadonlySet<string> = new Set([
  'paymentInformation.card.expirationMonth',
  'paymentInformation.card.expirationYear',
  'paymentInformation.card.type',
  'paymentInformation.card.useAs',
  'paymentInformation.paymentType.name',
  'processingInformation.paymentSolution',
])
const NUMBER = 'paymentInformation.card.number'

const MASKED = /^X*\d{4}$/
const BIN = /^\d{6}(?:\d{2})?$/

/** Explains which fields a token says were submitted. What the wire would not show is not shown here either. */
export function explainContent(content: JsonObject): Explained {
  const rows: Row[] = []
  const problems: string[] = []
  for (const [path, leaf] of leavesOf(content, '', 0)) {
    const shown = path === NUMBER ? showNumber(leaf) : showLeaf(path, leaf)
    if (shown === undefined)
      problems.push(`content.${path} carries more than the wire shows; it is not printed here.`)
    rows.push({ name: path, ...(shown ?? { value: '(not shown)', meaning: '' }) })
  }
  return { part: { title: 'content', rows }, problems }
}

function leavesOf(
  branch: JsonObject,
  prefix: string,
  level: number,
): readonly (readonly [string, JsonObject])[] {
  return Object.entries(branch).flatMap(([name, value]) => {
    const path = locate(prefix, name)
    if (!isJsonObject(value) || level >= MOST_LEVELS) return [[path, { unexpected: true }] as const]
    return isLeaf(value) ? [[path, value] as const] : leavesOf(value, path, level + 1)
  })
}

function isLeaf(value: JsonObject): boolean {
  const names = Object.keys(value)
  return names.length === 0 || names.some((name) => LEAF_MEMBERS.includes(name))
}

type Shown = Pick<Row, 'value' | 'meaning'>

function showLeaf(path: string, leaf: JsonObject): Shown | undefined {
  const value = stringMember(leaf, 'value')
  const isEmpty = Object.values(leaf).every(isEmptyObject)
  if (isEmpty) return { value: 'captured', meaning: 'submitted, never shown' }
  if (value === undefined || !SHOWN_IN_CLEAR.has(path)) return undefined
  return Object.keys(leaf).length === 1
    ? { value: showText(value, 12), meaning: 'in clear' }
    : undefined
}

function isEmptyObject(value: unknown): boolean {
  return isJsonObject(value) && Object.keys(value).length === 0
}

function showNumber(leaf: JsonObject): Shown | undefined {
  const masked = stringMember(leaf, 'maskedValue')
  const bin = stringMember(leaf, 'bin')
  const types = stringsMember(leaf, 'detectedCardTypes')
  const hasOnlyKnown = Object.keys(leaf).every(
    (name) => name !== 'value' && LEAF_MEMBERS.includes(name),
  )
  if (masked === undefined || !MASKED.test(masked) || !hasOnlyKnown) return undefined
  if (bin !== undefined && !BIN.test(bin)) return undefined
  const more = [
    ...(bin === undefined ? ['no bin'] : [`bin ${bin}`]),
    ...(types === undefined ? [] : [`network ${showText(types.map(nameType).join(' or '), 40)}`]),
  ]
  return { value: masked, meaning: `masked; ${more.join(', ')}` }
}

/** A code says nothing to people; what is no code stays as it is. */
function nameType(code: string): string {
  return isCardTypeCode(code) ? `${code} (${CARD_TYPES[code]})` : code
}
