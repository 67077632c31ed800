/** A key that comes into use, goes out of use and disappears at times that follow from the keys around it. */
export interface ScheduledKey {
  readonly id: string
  /** Seconds since the epoch; the key is used from then on, until the next one is. */
  readonly activeAt: number
  /** Seconds since the epoch; undefined unless the key was revoked, which ends it at once. */
  readonly revokedAt?: number | undefined
}

/** How keys of one kind follow each other. All in seconds. */
export interface RotationSchedule {
  /** How long a key is in use; undefined means until it is rotated by hand. */
  readonly useSeconds: number | undefined
  /** How long a key is known everywhere before it is used: longer than any process takes to look again. */
  readonly stageSeconds: number
  /** How long a key must be kept after its last use: as long as what it made can be good. */
  readonly keepSeconds: number
}

/** Where a key is in its life. A retired key makes nothing new; what it made is still good. */
export type KeyState = 'staged' | 'active' | 'retired' | 'gone' | 'revoked'

/** One thing to do. */
export type Step =
  | {
      /** Make a key that is used from `activeAt` on. */
      readonly do: 'create'
      readonly activeAt: number
    }
  | {
      /** Destroy a key's private part; its id stays taken. */
      readonly do: 'destroy'
      readonly id: string
    }

/** Tells the state of every key at a time (seconds since the epoch). */
export function statesOf(
  keys: readonly ScheduledKey[],
  { keepSeconds }: Pick<RotationSchedule, 'keepSeconds'>,
  now: number,
): ReadonlyMap<string, KeyState> {
  const usable = keys.filter(({ revokedAt }) => revokedAt === undefined)
  const inOrder = usable.toSorted((a, b) => a.activeAt - b.activeAt)
  const states = new Map<string, KeyState>(keys.map(({ id }) => [id, 'revoked']))
  for (const [index, { id, activeAt }] of inOrder.entries()) {
    const replacedAt = inOrder[index + 1]?.activeAt ?? Number.POSITIVE_INFINITY
    states.set(id, stateAt(now, { activeAt, replacedAt, keepSeconds }))
  }
  return states
}

interface KeyTimes {
  readonly activeAt: number
  readonly replacedAt: number
  readonly keepSeconds: number
}

function stateAt(now: number, { activeAt, replacedAt, keepSeconds }: KeyTimes): KeyState {
  if (now < activeAt) return 'staged'
  if (now < replacedAt) return 'active'
  return now < replacedAt + keepSeconds ? 'retired' : 'gone'
}

/**
 * Plans what is due at a time (seconds since the epoch): a successor early enough to be known everywhere before it is
 * used, and the end of keys whose last work has expired. Planning twice before the steps are done gives the same steps.
 */
export function plan(
  keys: readonly ScheduledKey[],
  schedule: RotationSchedule,
  now: number,
): readonly Step[] {
  const states = statesOf(keys, schedule, now)
  const destroyed = keys
    .filter(({ id }) => states.get(id) === 'gone' || states.get(id) === 'revoked')
    .map(({ id }): Step => ({ do: 'destroy', id }))
  const activeAt = dueAt(keys, schedule, { states, now })
  return activeAt === undefined ? destroyed : [{ do: 'create', activeAt }, ...destroyed]
}

interface Present {
  readonly states: ReadonlyMap<string, KeyState>
  readonly now: number
}

function dueAt(
  keys: readonly ScheduledKey[],
  { useSeconds, stageSeconds }: RotationSchedule,
  { states, now }: Present,
): number | undefined {
  if (keys.some(({ id }) => states.get(id) === 'staged')) return undefined
  const active = keys.find(({ id }) => states.get(id) === 'active')
  // Nothing is left to use: the next key cannot wait to be known everywhere.
  if (active === undefined) return now
  if (useSeconds === undefined || now < active.activeAt + useSeconds - stageSeconds) return undefined
  return now + stageSeconds
}
