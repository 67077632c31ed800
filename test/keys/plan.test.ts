import { strict as assert } from 'node:assert'
import { test } from 'node:test'

import fc from 'fast-check'

import { activeOf, beginLife, stateOf, type DatedKey } from '../../src/keys/key-life.ts'
import {
  PICK_UP_SECONDS,
  plan,
  REFRESH_SECONDS,
  scheduleNext,
  scheduleReplacement,
  scheduleRevocation,
  sealingPolicy,
  signingPolicy,
  type KeyPolicy,
  type PlannedKey,
  type Schedule,
} from '../../src/keys/plan.ts'
import { LIFETIME_SECONDS } from '../../src/protocol/capture-context.ts'

const START = 1_700_000_000
const DAY = 24 * 3600
const POLICY = signingPolicy(90 * DAY, 3900)

function at(seconds: number): Date {
  return new Date(seconds * 1000)
}

/** The keys of one kind in a store, and what every process saw of them at every earlier moment. */
class World {
  seconds = START
  keys: readonly PlannedKey[] = [{ id: 'k0', life: beginLife(at(START)), isErased: false }]
  readonly history: { readonly from: number; readonly keys: readonly PlannedKey[] }[] = []
  readonly signed: { readonly id: string; readonly at: number }[] = []
  made = 0
  readonly policy: KeyPolicy

  constructor(policy: KeyPolicy) {
    this.policy = policy
    this.remember()
  }

  get now(): Date {
    return at(this.seconds)
  }

  /** What a process that read the keys so many seconds ago goes by. */
  view(age: number): readonly PlannedKey[] {
    const before = this.history.filter(({ from }) => from <= this.seconds - age)
    return (before.at(-1) ?? this.history[0])?.keys ?? []
  }

  write({ next, changed }: Schedule): void {
    const lives = new Map(changed.map(({ id, life }) => [id, life]))
    const kept = this.keys.map((key) => ({ ...key, life: lives.get(key.id) ?? key.life }))
    this.made += 1
    const made = next === undefined ? [] : [{ id: `k${this.made}`, life: next, isErased: false }]
    this.keys = [...kept, ...made]
    this.remember()
  }

  keep(): void {
    for (const step of plan(this.keys, this.policy, this.now)) {
      if (step.due === 'stage') this.write(step.schedule)
      else {
        const { id, life } = step.key
        const isErased = step.due === 'bury'
        this.keys = this.keys.map((key) => (key.id === id ? { id, life, isErased } : key))
        this.remember()
      }
    }
  }

  remember(): void {
    this.history.push({ from: this.seconds, keys: this.keys })
  }

  check(): void {
    const states = this.keys.map(({ life }) => stateOf(life, this.now))
    assert.equal(states.filter((state) => state === 'active').length, 1, states.join())
    for (let signer = 0; signer <= REFRESH_SECONDS; signer += 1) {
      const active = activeOf(this.view(signer), this.now)
      assert.ok(active)
      this.signed.push({ id: active.id, at: this.seconds })
      for (let other = 0; other <= REFRESH_SECONDS; other += 1)
        this.checkPublished(active.id, other)
    }
    for (const { id, at: signedAt } of this.signed) {
      const isRevoked = this.keys.some((key) => key.id === id && key.life.revokedAt !== undefined)
      if (signedAt + LIFETIME_SECONDS < this.seconds || isRevoked) continue
      for (let other = 0; other <= REFRESH_SECONDS; other += 1) this.checkPublished(id, other)
    }
    for (const { id, life, isErased } of this.keys) {
      if (isErased) assert.equal(stateOf(life, this.now), 'gone', id)
    }
  }

  checkPublished(id: string, age: number): void {
    const key = this.view(age).find((candidate) => candidate.id === id)
    assert.ok(key, `${id} is not known after ${age} seconds`)
    assert.notEqual(stateOf(key.life, this.now), 'gone', `${id} is not published`)
  }
}

type Deed =
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'keep' }
  | { readonly do: 'rotate' }
  | { readonly do: 'revoke'; readonly which: number }

const deeds: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 0, max: 12 }) }),
  fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 0, max: 2 * DAY }) }),
  fc.record({ do: fc.constant('keep' as const) }),
  fc.record({ do: fc.constant('rotate' as const) }),
  fc.record({ do: fc.constant('revoke' as const), which: fc.nat(50) }),
)

function carryOut(world: World, deed: Deed): void {
  if (deed.do === 'wait') {
    // Every second of the first few: that is when what was written is not yet known everywhere.
    for (let passed = 0; passed < Math.min(deed.seconds, 10); passed += 1) {
      world.seconds += 1
      world.check()
    }
    world.seconds += Math.max(0, deed.seconds - 10)
  } else if (deed.do === 'keep') world.keep()
  else if (deed.do === 'rotate') {
    const isStaged = world.keys.some(({ life }) => stateOf(life, world.now) === 'staged')
    if (!isStaged) world.write(scheduleNext(world.keys, world.policy, world.now))
  } else revoke(world, deed.which)
  world.check()
}

function revoke(world: World, which: number): void {
  const revocable = world.keys.filter(
    ({ life }) => stateOf(life, world.now) !== 'gone' && life.revokedAt === undefined,
  )
  const key = revocable[which % Math.max(1, revocable.length)]
  if (key !== undefined) world.write(scheduleRevocation(world.keys, key.id, world.now))
}

const policies: fc.Arbitrary<KeyPolicy> = fc
  .tuple(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 5, max: DAY }))
  .map(([days, stageSeconds]) => signingPolicy(days * DAY, stageSeconds))

test('at every instant one key is active, and every process knows and publishes what another signs with', () => {
  fc.assert(
    fc.property(policies, fc.array(deeds, { maxLength: 60 }), (policy, done) => {
      const world = new World(policy)
      for (const deed of done) carryOut(world, deed)
    }),
    { numRuns: 200 },
  )
})

test('never forgets a key: what is gone stays as a tombstone', () => {
  fc.assert(
    fc.property(fc.array(deeds, { maxLength: 60 }), (done) => {
      const world = new World(POLICY)
      const known = new Set<string>()
      for (const deed of done) {
        carryOut(world, deed)
        for (const { id } of world.keys) known.add(id)
        assert.equal(world.keys.length, known.size)
      }
    }),
  )
})

test('kept now and then, a key is replaced when it is as old as the policy allows, and erased when it is gone', () => {
  const world = new World(POLICY)
  const actives = new Set<string>()
  while (world.seconds < START + 365 * DAY) {
    world.seconds += 3600
    world.keep()
    world.check()
    actives.add(activeOf(world.keys, world.now)?.id ?? '')
  }
  assert.deepEqual([...actives], ['k0', 'k1', 'k2', 'k3', 'k4'])
  for (const { id, life, isErased } of world.keys.slice(0, 4)) {
    const age = (life.retiredAt ?? 0) - life.activeFrom
    assert.ok(age >= 90 * DAY && age <= 90 * DAY + 3600, id)
    assert.equal(isErased, true)
  }
})

test('deciding again what was decided is harmless', () => {
  const world = new World(POLICY)
  world.seconds += 90 * DAY
  world.keep()
  assert.equal(world.keys.length, 2)
  assert.deepEqual(plan(world.keys, POLICY, world.now), [])
})

test('a late plan still gives the next key its whole time before it is used', () => {
  const world = new World(POLICY)
  world.seconds += 500 * DAY
  world.keep()
  const [, next] = world.keys
  assert.equal(next?.life.activeFrom, world.seconds + 3900)
})

test('a revoked active key gives way to the staged one, or to one that is made for it, within 10 seconds', () => {
  for (const isStaged of [true, false]) {
    const world = new World(POLICY)
    if (isStaged) world.write(scheduleNext(world.keys, POLICY, world.now))
    world.seconds += 60
    world.write(scheduleRevocation(world.keys, 'k0', world.now))
    assert.equal(world.keys.length, 2)
    assert.equal(activeOf(world.keys, world.now)?.id, 'k0')
    world.seconds += PICK_UP_SECONDS
    assert.deepEqual(
      world.keys.map(({ life }) => stateOf(life, world.now)),
      ['gone', 'active'],
    )
    assert.ok(PICK_UP_SECONDS + REFRESH_SECONDS < 10)
  }
})

test('a revoked staged key leaves the active one in its place, and revives none of the past', () => {
  const world = new World(POLICY)
  world.write(scheduleNext(world.keys, POLICY, world.now))
  world.seconds += 5000
  world.write(scheduleNext(world.keys, POLICY, world.now))
  const staged = world.keys.at(-1)?.id ?? ''
  world.write(scheduleRevocation(world.keys, staged, world.now))
  assert.equal(activeOf(world.keys, at(world.seconds + 30 * DAY))?.life.retiredAt, undefined)
  const states = world.keys.map(({ life }) => stateOf(life, world.now))
  assert.deepEqual(states, ['retired', 'active', 'gone'])
  // One that is retired is refused at once, and its successor stays what it is.
  world.write(scheduleRevocation(world.keys, 'k0', world.now))
  const later = world.keys.map(({ life }) => stateOf(life, world.now))
  assert.deepEqual(later, ['gone', 'active', 'gone'])
})

test('a retired sealing key is kept for longer than the last key that it sealed for the pool', () => {
  const policy = sealingPolicy(90 * DAY, 3900)
  const world = new World(policy)
  world.write(scheduleNext(world.keys, policy, world.now))
  const { retiredAt = 0, goneAt = 0 } = world.keys[0]?.life ?? {}
  assert.ok(goneAt - retiredAt > DAY)
  world.seconds = retiredAt
  assert.deepEqual(plan(world.keys, policy, world.now), [])
  world.seconds = retiredAt + 300
  assert.deepEqual(
    plan(world.keys, policy, world.now).map(({ due }) => due),
    ['reseal'],
  )
  world.keep()
  assert.deepEqual(plan(world.keys, policy, world.now), [])
})

test('keys that others may know are all replaced by one that every process knows first', () => {
  const keys = [
    { id: 'old', life: { ...beginLife(at(START)), retiredAt: START + 9, goneAt: START + DAY } },
    {
      id: 'active',
      life: { ...beginLife(at(START + 9)), retiredAt: START + 99, goneAt: START + DAY },
    },
    { id: 'staged', life: { ...beginLife(at(START + 10)), activeFrom: START + 99 } },
  ] satisfies readonly DatedKey[]
  const { next, changed } = scheduleReplacement(keys, at(START + 20))
  assert.ok(next)
  const replaced = [...changed, { id: 'next', life: next }]
  for (let seconds = START + 20; seconds < START + 200; seconds += 1) {
    const expected = seconds < START + 20 + PICK_UP_SECONDS ? 'active' : 'next'
    assert.equal(activeOf(replaced, at(seconds))?.id, expected)
  }
  for (const { life } of changed) assert.equal(stateOf(life, at(START + 30)), 'gone')
})
