import { keyIdOf } from '../jose/seal.ts'
import { KINDS, type Kind, type Store, type StoredRecord, type Write } from '../store/contract.ts'
import { openRecord, sealedReplacement, type Sealer } from '../store/sealed-records.ts'

const CHUNK = 50
const LONGEST_TRY = 10

/** Sealed records that live for minutes to a day, and die with their key, or with the one whose subkey sealed them: it has the same id. */
const PASSING: readonly Kind[] = [
  'pool-key',
  'rotated-pool-key',
  'session-key',
  'rotated-key',
  'card',
  'security-code',
]

/** Sealed records that stay; sealing keys are wrapped by the root key instead. */
const LASTING: readonly Kind[] = kindNames().filter(
  (kind) => (KINDS[kind] === 'lasting' && kind !== 'sealing-key') || kind === 'release',
)

interface FoundRecord {
  readonly kind: Kind
  readonly record: StoredRecord
}

interface ResealNeeds {
  readonly store: Pick<Store, 'list' | 'write'>
  /** Its active key seals; it must find the key that is to be left as well. */
  readonly sealer: Sealer
}

/** Seals anew, under the active key, every lasting record that a key of these ids has sealed. */
export async function resealLasting(
  { store, sealer }: ResealNeeds,
  ids: ReadonlySet<string>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const left = await Promise.all(LASTING.map((kind) => listSealed(store, kind, ids)))
    if (left.every(({ length }) => length === 0)) return
    // Somebody who changes records all the time is not waited for: a later run finds the rest.
    if (attempt > LONGEST_TRY) throw new Error('records are changed faster than they are resealed')
    for (const ofKind of left) await resealChunks({ store, sealer }, ofKind)
  }
}

async function resealChunks(
  { store, sealer }: ResealNeeds,
  left: readonly FoundRecord[],
): Promise<void> {
  for (let start = 0; start < left.length; start += CHUNK) {
    const chunk = left.slice(start, start + CHUNK)
    const writes = chunk.map(({ kind, record }) => resealed(kind, record, sealer))
    if (!(await store.write(writes))) return
  }
}

/** Deletes the passing records that keys of these ids have sealed; by default of every kind. */
export async function discardPassing(
  { store }: Pick<ResealNeeds, 'store'>,
  ids: ReadonlySet<string>,
  kinds: readonly Kind[] = PASSING,
): Promise<void> {
  for (const kind of kinds) {
    const found = await listSealed(store, kind, ids)
    for (let start = 0; start < found.length; start += CHUNK) {
      const chunk = found.slice(start, start + CHUNK)
      await store.write(chunk.map(({ record: { name } }) => ({ op: 'delete', kind, name })))
    }
  }
}

async function listSealed(
  store: Pick<Store, 'list'>,
  kind: Kind,
  ids: ReadonlySet<string>,
): Promise<readonly FoundRecord[]> {
  const records = await store.list(kind)
  return records
    .filter(({ value }) => ids.has(keyIdOf(value) ?? ''))
    .map((record) => ({ kind, record }))
}

function resealed(kind: Kind, record: StoredRecord, sealer: Sealer): Write {
  const { name } = record
  const content = openRecord(record, { kind, name }, sealer)
  const write = sealedReplacement({ kind, name, ...content }, record, sealer)
  content.content.fill(0)
  return write
}

function kindNames(): readonly Kind[] {
  return Object.keys(KINDS).filter((name): name is Kind => Object.hasOwn(KINDS, name))
}
