import {
  readClock,
  readFaults,
  readPools,
  readRequests,
  readState,
  readSummary,
  type Clock,
  type Fault,
  type Pools,
  type State,
  type Summary,
} from './answers.ts'
import type { Control } from './call.ts'
import { followEvents } from './events.ts'

/** How many requests the page keeps, however long it stays open. */
const KEPT_REQUESTS = 500
const KEPT_SAMPLES = 150

/** The pools as they were at one moment of {@link LiveNeeds.elapsed}. */
export interface PoolSample {
  readonly at: number
  readonly pools: Pools
}

/** What the page knows of the emulator, kept current by its events. */
export interface Snapshot {
  /** Undefined until the emulator has been heard of once. */
  readonly state: State | undefined
  readonly isConnected: boolean
  /** Newest first. Undefined until they have been fetched once. */
  readonly requests: readonly Summary[] | undefined
  readonly clock: Clock | undefined
  /** When `clock` was heard of. */
  readonly clockAt: number
  readonly faults: readonly Fault[]
  readonly pools: readonly PoolSample[]
}

/** What follows the emulator. */
export interface Live {
  get(): Snapshot
  /** Calls a function after changes, once a frame at most. Returns what ends that. */
  subscribe(listener: () => void): () => void
  /** Takes a clock that a call has answered with. */
  noteClock(clock: Clock): void
}

/** What {@link createLive} stands on. */
export interface LiveNeeds {
  readonly control: Control
  /** Where the stream of events is. */
  readonly events: string
  /** Monotonic milliseconds. */
  elapsed(): number
  /** Runs a function before the next frame is drawn; in a hidden tab that is when it is shown again. */
  nextFrame(run: () => void): void
}

const NOTHING: Snapshot = {
  state: undefined,
  isConnected: false,
  requests: undefined,
  clock: undefined,
  clockAt: 0,
  faults: [],
  pools: [],
}

/** Follows the emulator by its events, and again whenever the connection was lost. What it keeps is bounded. */
export function createLive({ control, events, elapsed, nextFrame }: LiveNeeds): Live {
  const listeners = new Set<() => void>()
  let snapshot = NOTHING
  let isAnnounced = false

  function change(part: Partial<Snapshot>): void {
    snapshot = { ...snapshot, ...part }
    if (isAnnounced) return
    isAnnounced = true
    nextFrame(() => {
      isAnnounced = false
      for (const listener of listeners) listener()
    })
  }

  const noteClock = (clock: Clock): void => change({ clock, clockAt: elapsed() })

  const sample = (pools: Pools): readonly PoolSample[] =>
    [...snapshot.pools, { at: elapsed(), pools }].slice(-KEPT_SAMPLES)

  async function fetchRequests(isNew: boolean): Promise<void> {
    const path = `/_dev/requests?limit=${KEPT_REQUESTS}`
    const { requests } = await control(path, readRequests)
    const known = isNew ? [] : (snapshot.requests ?? [])
    change({ requests: merge(requests, known) })
  }

  function begin(state: State): void {
    const isNew = snapshot.state?.startedAt !== state.startedAt
    noteClock(state.clock)
    const pools = isNew ? [{ at: elapsed(), pools: state.pools }] : sample(state.pools)
    change({ state, faults: state.faults, pools, isConnected: true })
    fetchRequests(isNew).catch(() => change({ requests: snapshot.requests ?? [] }))
  }

  followEvents(events, {
    onLost: () => change({ isConnected: false }),
    byName: {
      state: (data) => begin(readState(data, 'The state')),
      request: (data) => {
        const summary = readSummary(data, 'The request')
        change({ requests: merge([summary], snapshot.requests ?? []) })
      },
      clock: (data) => noteClock(readClock(data, 'The clock')),
      faults: (data) => change({ faults: readFaults(data, 'The faults').faults }),
      pools: (data) => change({ pools: sample(readPools(data, 'The pools')) }),
      reset: () => change({ requests: [] }),
    },
  })
  return {
    get: () => snapshot,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    noteClock,
  }
}

function merge(newer: readonly Summary[], known: readonly Summary[]): readonly Summary[] {
  const ids = new Set(newer.map(({ id }) => id))
  const all = [...newer, ...known.filter(({ id }) => !ids.has(id))]
  return all.toSorted((left, right) => ordinal(right) - ordinal(left)).slice(0, KEPT_REQUESTS)
}

/** Ids count up: `r12`. */
function ordinal({ id }: Summary): number {
  return Number(id.slice(1))
}
