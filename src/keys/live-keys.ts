import { epochSeconds, type Now, type Random } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import { SealError } from '../jose/seal.ts'
import type { Store, StoredRecord } from '../store/contract.ts'
import type { Sealer } from '../store/sealed-records.ts'
import { createOutage } from './outage.ts'
import { PICK_UP_SECONDS, REFRESH_SECONDS } from './plan.ts'
import type { HeldRootKey } from './root-key.ts'
import { createSealer, rootSealer, unwrap, type SealingEntry } from './sealing-keys.ts'
import {
  createSigningKeys,
  openEntry,
  type SigningEntry,
  type SigningKeys,
} from './signing-keys.ts'

interface LiveNeeds {
  readonly store: Pick<Store, 'list'>
  readonly root: HeldRootKey
  readonly now: Now
  readonly random: Pick<Random, 'bytes'>
  /** Told once when the keys cannot be read again, and when one of them does not open; the known ones serve on. */
  onFault(error: unknown): void
  /** Told when the keys can be read again, once after each time that they could not. */
  onRecovery?(): void
}

/** The keys of a running process: what was read a few seconds ago, used by the clock. */
export interface LiveKeys {
  /** Follows what is read; never awaits. */
  readonly sealer: Sealer
  /** Follows what is read; never awaits. */
  readonly signingKeys: SigningKeys
  /** Tells whether the last reading is too old to go by: the timer was late, or the clock was set. */
  isStale(): boolean
  /** Reads again, once a second at most; never rejects. */
  refresh(): Promise<void>
  /** Ends reading; resolves when the last one has ended. */
  close(): Promise<void>
}

/**
 * Loads the keys and goes on reading them every few seconds, until it is closed. An id that is not known has them read
 * too.
 *
 * @throws OperatorError when the store has none, or the root key does not open them.
 */
export async function openLiveKeys(needs: LiveNeeds): Promise<LiveKeys> {
  const { now, random } = needs
  const read = createReader(needs)
  let keys = await read()
  let readAt = epochSeconds(now)
  let triedAt = readAt
  let reading: Promise<void> = Promise.resolve()
  let isReading = false
  const outage = createOutage(needs.onFault, () => needs.onRecovery?.())

  async function readAgain(): Promise<void> {
    isReading = true
    const startedAt = epochSeconds(now)
    try {
      await outage.attempt(async () => {
        keys = await read()
        readAt = startedAt
      })
    } finally {
      isReading = false
    }
  }

  function refresh(): Promise<void> {
    const seconds = epochSeconds(now)
    if (seconds !== triedAt && !isReading) {
      triedAt = seconds
      reading = readAgain()
    }
    return reading
  }

  const timer = setInterval(() => void refresh(), REFRESH_SECONDS * 1000).unref()
  const onMissing = (): void => void refresh()
  const bytes = (count: number): Buffer => random.bytes(count)
  return {
    sealer: createSealer(() => keys.sealing, { bytes, now, onMissing }),
    signingKeys: createSigningKeys(() => keys.signing, now, onMissing),
    isStale: () => {
      const age = epochSeconds(now) - readAt
      return age < 0 || age >= PICK_UP_SECONDS
    },
    refresh,
    close() {
      clearInterval(timer)
      return reading
    },
  }
}

interface ReadKeys {
  readonly sealing: readonly SealingEntry[]
  readonly signing: readonly SigningEntry[]
}

function createReader({ store, root, random, onFault }: LiveNeeds): () => Promise<ReadKeys> {
  const wrapper = rootSealer(root, random)
  const openSealing = remember(onFault, (record) => unwrapWithEither(record))
  let openSigning: ((records: readonly StoredRecord[]) => readonly SigningEntry[]) | undefined

  function unwrapWithEither(record: StoredRecord): SealingEntry {
    try {
      return unwrap(record, wrapper)
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error
      root.renew()
      return unwrap(record, wrapper)
    }
  }

  let sealing: readonly SealingEntry[] = []
  return async function read(): Promise<ReadKeys> {
    sealing = openSealing(await store.list('sealing-key'))
    // All of them: what a signing key is sealed with may be a key that nothing else may be opened with any more.
    const sealer = createSealer(() => sealing, random)
    openSigning ??= remember(onFault, (record) => openEntry(record, sealer, root.signing))
    return { sealing, signing: openSigning(await store.list('signing-key')) }
  }
}

interface Remembered<Entry> {
  readonly value: Buffer
  readonly entry: Entry | undefined
  readonly isOpen: boolean
}

/**
 * Makes a function that opens records and remembers each until it changes. One that does not open stays what it was, as
 * the key itself never changes, and is tried again; a first reading fails instead.
 */
function remember<Entry>(
  onFault: (error: unknown) => void,
  open: (record: StoredRecord) => Entry,
): (records: readonly StoredRecord[]) => readonly Entry[] {
  let known: ReadonlyMap<string, Remembered<Entry>> | undefined

  function openOne(record: StoredRecord): Remembered<Entry> {
    const { value } = record
    const before = known?.get(record.name)
    const isSame = before?.value.equals(value) === true
    if (isSame && before.isOpen) return before
    try {
      return { value, entry: open(record), isOpen: true }
    } catch (error) {
      const isExpected = error instanceof OperatorError || error instanceof SealError
      if (known === undefined || !isExpected) throw error
      if (!isSame) onFault(error)
      return { value, entry: before?.entry, isOpen: false }
    }
  }

  return function openAll(records: readonly StoredRecord[]): readonly Entry[] {
    const opened = new Map(records.map((record) => [record.name, openOne(record)]))
    known = opened
    return [...opened.values()].flatMap(({ entry }) => (entry === undefined ? [] : [entry]))
  }
}
