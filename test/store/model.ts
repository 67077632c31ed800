import { COUNTERS, type Kind, type StoredRecord, type Write } from '../../src/store/contract.ts'

/** A record of the model; the list of them is in order of age. */
export interface ModelRecord extends Omit<StoredRecord, 'value'> {
  readonly kind: Kind
  readonly value: string
}

/** The contract of `write` in a few lines: what there is afterwards, or undefined when a guard is refused. */
export function writeToModel(
  records: readonly ModelRecord[],
  batch: readonly Write[],
  seconds: number,
): readonly ModelRecord[] | undefined {
  let after = liveAt(records, seconds)
  for (const write of batch) {
    const present = after.find((record) => isAt(record, write))
    const others = after.filter((record) => !isAt(record, write))
    if (write.op === 'put-new' && present !== undefined) return undefined
    if (write.op === 'replace' && present?.value !== write.previous.toString('hex'))
      return undefined
    if (write.op === 'ensure' && present !== undefined) continue
    if (write.op === 'delete') {
      after = others
    } else if (write.op === 'count') {
      const counted = present === undefined ? undefined : count(present, write)
      if (counted === undefined) return undefined
      after = after.map((record) => (record === present ? counted : record))
    } else {
      const { kind, name, expiresAt, value } = write
      const counts = { issued: 0, opened: 0, failed: 0 }
      const record = { kind, name, expiresAt, value: value.toString('hex'), counts }
      const isInPlace = write.op === 'replace'
      const written = isInPlace
        ? after.map((each) => (each === present ? record : each))
        : [...others, record]
      after = liveAt(written, seconds)
    }
  }
  return after
}

/** The records that have not expired. */
export function liveAt(records: readonly ModelRecord[], seconds: number): readonly ModelRecord[] {
  return records.filter(({ expiresAt }) => expiresAt === undefined || seconds < expiresAt)
}

function isAt(record: ModelRecord, { kind, name }: Write): boolean {
  return record.kind === kind && record.name === name
}

function count(
  record: ModelRecord,
  { limits }: Extract<Write, { op: 'count' }>,
): ModelRecord | undefined {
  let after = record
  for (const counter of COUNTERS) {
    const limit = limits[counter]
    if (limit === undefined) continue
    const counted = record.counts[counter] + 1
    if (record.value === '' || counted > limit) return undefined
    const counts = { ...after.counts, [counter]: counted }
    after = { ...after, counts, value: counted === limit ? '' : after.value }
  }
  return record.value === '' ? undefined : after
}
