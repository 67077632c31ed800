import type { CountLimits, Write } from './contract.ts'

/** One batch as it goes to the function `write_turn`; it shares no memory with what the caller gave. */
export interface EncodedBatch {
  /** The record that is locked first. */
  readonly first: string
  /** The other records that are written. */
  readonly others: ReadonlySet<string>
  readonly count: number
  /** Text for each of {@link COLUMNS}, one element a write. */
  readonly columns: readonly string[]
  /** Names, values and previous values, one after the other. */
  readonly content: Buffer
}

// As in the parameters of `write_turn`.
const COLUMNS = [
  'op',
  'kind',
  'name length',
  'expires at',
  'value length',
  'previous length',
  'issued',
  'opened',
  'failed',
] as const

/** How many parameters {@link encodeTurn} gives: batches, places, the columns, and the content. */
export const TURN_PARAMETERS = COLUMNS.length + 3

const NOTHING = -1

/** Copies a batch into the form in which it is sent. It must not be empty. */
export function encodeBatch(batch: readonly Write[]): EncodedBatch {
  const first = batch[0] === undefined ? '' : recordOf(batch[0])
  const others = new Set<string>()
  const columns = COLUMNS.map(() => '')
  const content = Buffer.allocUnsafe(batch.reduce((sum, write) => sum + mostBytesOf(write), 0))
  let length = 0
  for (const write of batch) {
    const { op, kind, name } = write
    const record = recordOf(write)
    if (record !== first) others.add(record)
    const expiresAt = ('value' in write ? write.expiresAt : undefined) ?? NOTHING
    const { issued = NOTHING, opened = NOTHING, failed = NOTHING } = limitsOf(write)
    const nameLength = content.write(name, length)
    const value = 'value' in write ? write.value : NO_BYTES
    const previous = op === 'replace' ? write.previous : NO_BYTES
    const afterName = length + nameLength
    length = afterName + value.copy(content, afterName)
    length += previous.copy(content, length)
    const fields = [op, kind, nameLength, expiresAt, value.length, previous.length]
    appendFields(columns, [...fields, issued, opened, failed])
  }
  return { first, others, count: batch.length, columns, content: content.subarray(0, length) }
}

const NO_BYTES = Buffer.alloc(0)
const NO_LIMITS: CountLimits = {}
/** A unit of UTF-16 takes so many bytes of UTF-8 at most. */
const BYTES_A_UNIT = 3

function recordOf({ kind, name }: Write): string {
  return `${kind} ${name}`
}

function limitsOf(write: Write): CountLimits {
  return write.op === 'count' ? write.limits : NO_LIMITS
}

function mostBytesOf(write: Write): number {
  const value = 'value' in write ? write.value.length : 0
  const previous = write.op === 'replace' ? write.previous.length : 0
  return write.name.length * BYTES_A_UNIT + value + previous
}

function appendFields(columns: string[], fields: readonly (string | number)[]): void {
  for (let index = 0; index < columns.length; index += 1) {
    columns[index] += columns[index] === '' ? `${fields[index]}` : `,${fields[index]}`
  }
}

/**
 * Puts the batches of a turn together for one call: gives the parameters of `write_turn` behind the first, which is the
 * time. Batches are numbered from 0, in the order given.
 */
export function encodeTurn(batches: readonly EncodedBatch[]): readonly (string | Buffer)[] {
  const places: number[] = []
  let place = 0
  for (const { count } of batches) {
    places.push(place)
    place += count
  }
  const turn = inLockOrder(batches.map((batch, number) => ({ ...batch, number })))
  let [numbers, inOrder] = ['', '']
  for (const { number, count } of turn) {
    const firstPlace = places[number] ?? 0
    for (let index = 0; index < count; index += 1) {
      const comma = numbers === '' ? '' : ','
      numbers += `${comma}${number}`
      inOrder += `${comma}${firstPlace + index}`
    }
  }
  return [
    `{${numbers}}`,
    `{${inOrder}}`,
    ...COLUMNS.map((_, column) => toArray(turn.map(({ columns }) => columns[column]))),
    Buffer.concat(turn.map(({ content }) => content)),
  ]
}

function toArray(elements: readonly (string | undefined)[]): string {
  return `{${elements.join(',')}}`
}

/**
 * Orders batches by what they lock first, so that the turns of two processes do not wait for each other in a circle. When
 * that could change what a batch finds, all stay in the order in which they were begun: then PostgreSQL breaks the circle.
 */
function inLockOrder<Batch extends EncodedBatch>(turn: readonly Batch[]): readonly Batch[] {
  if (turn.length < 2) return turn
  const seen = new Set(turn.map(({ first }) => first))
  for (const record of turn.flatMap(({ others }) => [...others])) {
    if (seen.has(record)) return turn
    seen.add(record)
  }
  return turn.toSorted((a, b) => (a.first < b.first ? -1 : Number(a.first > b.first)))
}
