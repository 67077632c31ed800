import type { Write } from './contract.ts'

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

const NOTHING = -1

/** Copies a batch into the form in which it is sent. It must not be empty. */
export function encodeBatch(batch: readonly Write[]): EncodedBatch {
  const writes = batch.map(encodeWrite)
  const [first = '', ...others] = batch.map(({ kind, name }) => `${kind} ${name}`)
  return {
    first,
    others: new Set(others.filter((record) => record !== first)),
    count: batch.length,
    columns: COLUMNS.map((_, column) => writes.map(({ fields }) => fields[column]).join(',')),
    content: Buffer.concat(writes.flatMap(({ content }) => content)),
  }
}

interface EncodedWrite {
  readonly fields: readonly (string | number)[]
  readonly content: readonly Buffer[]
}

function encodeWrite(write: Write): EncodedWrite {
  const name = Buffer.from(write.name, 'utf8')
  const value = 'value' in write ? write.value : undefined
  const previous = write.op === 'replace' ? write.previous : undefined
  const { issued, opened, failed } = write.op === 'count' ? write.limits : {}
  const fields = [
    write.op,
    write.kind,
    name.length,
    ('value' in write ? write.expiresAt : undefined) ?? NOTHING,
    value?.length ?? 0,
    previous?.length ?? 0,
    issued ?? NOTHING,
    opened ?? NOTHING,
    failed ?? NOTHING,
  ]
  return { fields, content: [name, value, previous].filter((part) => part !== undefined) }
}

/**
 * Puts the batches of a turn together for one call: gives the parameters of `write_turn` behind the first, which is the
 * time. Batches are numbered from 0, in the order given.
 */
export function encodeTurn(batches: readonly EncodedBatch[]): readonly (string | Buffer)[] {
  let place = 0
  const numbered = batches.map((batch, number) => {
    const places = Array.from({ length: batch.count }, () => place++)
    return { ...batch, numbers: places.map(() => number).join(','), places: places.join(',') }
  })
  const turn = inLockOrder(numbered)
  return [
    toArray(turn.map(({ numbers }) => numbers)),
    toArray(turn.map(({ places }) => places)),
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
