import { LIFETIME_SECONDS } from '../protocol/capture-context.ts'
import {
  activeOf,
  beginLife,
  SINCE_EVER,
  secondsOf,
  stateOf,
  type DatedKey,
  type KeyLife,
} from './key-life.ts'
import { SEALED_SECONDS } from './mint-order.ts'

/** How often every process reads the keys again, in seconds. */
export const REFRESH_SECONDS = 2

/** After how many seconds every process goes by what was written: two readings. */
export const PICK_UP_SECONDS = 2 * REFRESH_SECONDS

/** How far the clocks of two machines may be apart, in seconds. */
const CLOCK_SLACK_SECONDS = 300

/** How the keys of one kind are replaced. All in seconds. */
export interface KeyPolicy {
  /** How long a key is active before the next one takes over. */
  readonly rotateSeconds: number
  /** How long a key is known before it is used; more than {@link PICK_UP_SECONDS}. */
  readonly stageSeconds: number
  /** How long a retired key is still needed. */
  readonly overlapSeconds: number
  /** How long after its retirement what a key has sealed for long is sealed anew; undefined where it seals nothing. */
  readonly resealAfterSeconds: number | undefined
}

/** Makes the policy of signing keys: a retired one is published until the last context it signed has expired. */
export function signingPolicy(rotateSeconds: number, stageSeconds: number): KeyPolicy {
  const overlapSeconds = LIFETIME_SECONDS + CLOCK_SLACK_SECONDS
  return { rotateSeconds, stageSeconds, overlapSeconds, resealAfterSeconds: undefined }
}

/** Makes the policy of sealing keys: a retired one opens until the last session key that was minted under it has expired. */
export function sealingPolicy(rotateSeconds: number, stageSeconds: number): KeyPolicy {
  const overlapSeconds = SEALED_SECONDS + CLOCK_SLACK_SECONDS
  return { rotateSeconds, stageSeconds, overlapSeconds, resealAfterSeconds: CLOCK_SLACK_SECONDS }
}

/** Makes the policy of audit keys: a retired one signs no more, and its public half stays for ever. */
export function auditPolicy(rotateSeconds: number, stageSeconds: number): KeyPolicy {
  const overlapSeconds = CLOCK_SLACK_SECONDS
  return { rotateSeconds, stageSeconds, overlapSeconds, resealAfterSeconds: undefined }
}

/** What is to be written together: new times of keys, and the life of the key that is to be made, if one is. */
export interface Schedule {
  readonly next: KeyLife | undefined
  readonly changed: readonly DatedKey[]
}

/** A key as the plan sees it. */
export interface PlannedKey extends DatedKey {
  /** Whether only its tombstone is left. */
  readonly isErased: boolean
}

/** One thing that is due. */
export type Step =
  | { readonly due: 'stage'; readonly schedule: Schedule }
  /** Seal anew what this retired key has sealed for long, and note it in its life. */
  | { readonly due: 'reseal'; readonly key: DatedKey }
  /** Erase this key, which is gone. */
  | { readonly due: 'bury'; readonly key: DatedKey }

/** Decides, from the keys of one kind and the time alone, what is due. Deciding again what was done is harmless. */
export function plan(keys: readonly PlannedKey[], policy: KeyPolicy, now: Date): readonly Step[] {
  // A store of a time when there were none of this kind gets its first one.
  if (keys.length === 0) {
    return [{ due: 'stage', schedule: { next: beginLife(now), changed: [] } }]
  }
  const seconds = secondsOf(now)
  const steps: Step[] = []
  const active = activeOf(keys, now)
  const isStaged = keys.some(({ life }) => stateOf(life, now) === 'staged')
  const isDue =
    active !== undefined &&
    active.life.activeFrom + policy.rotateSeconds - policy.stageSeconds <= seconds
  for (const { id, life, isErased } of keys) {
    const state = stateOf(life, now)
    if (state === 'gone' && !isErased) steps.push({ due: 'bury', key: { id, life } })
    if (state === 'retired' && isResealDue(life, policy, seconds)) {
      steps.push({ due: 'reseal', key: { id, life: { ...life, resealedAt: seconds } } })
    }
  }
  // Last: where no key can be made, what has ended is still erased.
  if (isDue && !isStaged) steps.push({ due: 'stage', schedule: scheduleNext(keys, policy, now) })
  return steps
}

function isResealDue(life: KeyLife, { resealAfterSeconds }: KeyPolicy, seconds: number): boolean {
  if (resealAfterSeconds === undefined || life.retiredAt === undefined) return false
  return life.resealedAt === undefined && life.retiredAt + resealAfterSeconds <= seconds
}

/**
 * Schedules the next key: it is known from now on and takes over when every process knows it; the active one is retired
 * at that very second, and gone when nothing needs it any more. None may be staged.
 */
export function scheduleNext(
  keys: readonly DatedKey[],
  { stageSeconds, overlapSeconds }: KeyPolicy,
  now: Date,
): Schedule {
  const createdAt = secondsOf(now)
  const activeFrom = createdAt + stageSeconds
  const end = { retiredAt: activeFrom, goneAt: activeFrom + overlapSeconds }
  const changed = keys
    .filter(({ life }) => stateOf(life, now) === 'active')
    .map(({ id, life }) => ({ id, life: { ...life, ...end } }))
  return { next: { ...SINCE_EVER, createdAt, activeFrom }, changed }
}

/**
 * Schedules the end of a signing key. One that signs, or is about to, is refused once its successor has taken over: as
 * soon as every process knows that one. Any other is refused at once. The key must not be gone.
 */
export function scheduleRevocation(keys: readonly DatedKey[], id: string, now: Date): Schedule {
  const seconds = secondsOf(now)
  const knownAt = seconds + PICK_UP_SECONDS
  const live = keys.filter(({ life }) => stateOf(life, now) !== 'gone')
  const revoked = live.find((key) => key.id === id)
  if (revoked === undefined) throw new TypeError('a key that is gone cannot be revoked')
  const others = live.filter((key) => key.id !== id)
  const state = stateOf(revoked.life, now)
  if (state === 'retired' || revoked.life.activeFrom > knownAt) {
    const end = { retiredAt: revoked.life.retiredAt ?? seconds, goneAt: seconds }
    const ended = { id, life: { ...revoked.life, ...end, revokedAt: seconds } }
    const prolonged = state === 'staged' ? others.filter(isRetiredBy(revoked)).map(prolong) : []
    return { next: undefined, changed: [ended, ...prolonged] }
  }
  const successor = others.find(
    ({ life }) => life.revokedAt === undefined && stateOf(life, now) === 'staged',
  )
  const retiredAt = Math.min(successor?.life.activeFrom ?? knownAt, knownAt)
  const ended = {
    id,
    life: { ...revoked.life, retiredAt, goneAt: knownAt, revokedAt: seconds },
  }
  if (successor === undefined) {
    const next = { ...SINCE_EVER, createdAt: seconds, activeFrom: knownAt }
    return { next, changed: [ended] }
  }
  const promoted = { id: successor.id, life: { ...successor.life, activeFrom: retiredAt } }
  return { next: undefined, changed: [ended, promoted] }
}

function isRetiredBy(successor: DatedKey): (key: DatedKey) => boolean {
  return ({ life }) => life.retiredAt === successor.life.activeFrom
}

/** Lets a key stay active: what would have replaced it is revoked. */
function prolong({ id, life }: DatedKey): DatedKey {
  return { id, life: { ...life, retiredAt: undefined, goneAt: undefined } }
}

/**
 * Schedules the end of every key of a kind, as their bytes may be known to others: a new one takes over as soon as every
 * process knows it, and the others open nothing any more as soon after as what they sealed for long can be sealed anew.
 */
export function scheduleReplacement(keys: readonly DatedKey[], now: Date): Schedule {
  const createdAt = secondsOf(now)
  const activeFrom = createdAt + PICK_UP_SECONDS
  const goneAt = activeFrom + PICK_UP_SECONDS
  const changed = keys
    .filter(({ life }) => stateOf(life, now) !== 'gone')
    .map(({ id, life }) => {
      const retiredAt = Math.min(life.retiredAt ?? activeFrom, activeFrom)
      return { id, life: { ...life, retiredAt, goneAt, revokedAt: createdAt } }
    })
  return { next: { ...SINCE_EVER, createdAt, activeFrom }, changed }
}
