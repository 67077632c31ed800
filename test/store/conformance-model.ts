import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { COUNTERS, type StoredRecord, type Write } from '../../src/store/contract.ts'
import { liveAt, type ModelRecord, writeToModel } from './model.ts'
import type { Opened, OpenFor } from './opened.ts'

const KINDS = ['card', 'session-key'] as const

type Step =
  | { readonly do: 'write'; readonly batch: readonly RelativeWrite[] }
  | { readonly do: 'take'; readonly kind: (typeof KINDS)[number]; readonly limit: number }
  | {
      readonly do: 'claim'
      readonly kind: (typeof KINDS)[number]
      readonly into: (typeof KINDS)[number]
      readonly limit: number
    }
  | { readonly do: 'advance'; readonly seconds: number }
  | { readonly do: 'purge' }

/** A write whose expiry is in seconds from now. */
type RelativeWrite = Write

const place = { kind: fc.constantFrom(...KINDS), name: fc.constantFrom('a', 'b') }

// Few values, so that some of them are guessed.
const anyValue = fc.constantFrom('', 'v', 'w').map((text) => Buffer.from(text))

const anyWrite: fc.Arbitrary<RelativeWrite> = fc.oneof(
  fc.record({
    op: fc.constantFrom('put', 'put-new', 'ensure'),
    ...place,
    expiresAt: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
    value: anyValue,
  }),
  fc.record({
    op: fc.constant('replace' as const),
    ...place,
    expiresAt: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
    value: anyValue,
    previous: anyValue,
  }),
  fc.record({
    op: fc.constant('count' as const),
    ...place,
    limits: fc.dictionary(fc.constantFrom(...COUNTERS), fc.integer({ min: 0, max: 3 })),
  }),
  fc.record({ op: fc.constant('delete' as const), ...place }),
)

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      batch: fc.array(anyWrite, { minLength: 1, maxLength: 4 }),
    }),
  },
  fc.record({
    do: fc.constant('take' as const),
    kind: fc.constantFrom(...KINDS),
    limit: fc.integer({ min: 0, max: 3 }),
  }),
  fc.record({
    do: fc.constant('claim' as const),
    kind: fc.constantFrom(...KINDS),
    into: fc.constantFrom(...KINDS),
    limit: fc.integer({ min: 0, max: 3 }),
  }),
  fc.record({ do: fc.constant('advance' as const), seconds: fc.integer({ min: 1, max: 3 }) }),
  fc.constant({ do: 'purge' as const }),
)

/** Tests that a store does what the model does, whatever is written in whatever order. */
export function testAgainstModel(openFor: OpenFor): void {
  test('any sequence of writes, takes, purges and seconds ends as in the model', async (t) => {
    const opened = await openFor(t)
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 25, size: 'max' }), async (steps) => {
        // The store is the same one every time, with what has expired in earlier runs still in it.
        for (const kind of KINDS) await opened.store.take(kind, 1000)
        let model: readonly ModelRecord[] = []
        for (const step of steps) model = await takeStep(step, model, opened)
      }),
      { numRuns: 100 },
    )
  })
}

async function takeStep(
  step: Step,
  model: readonly ModelRecord[],
  { store, clock }: Opened,
): Promise<readonly ModelRecord[]> {
  const after = await expectStep(step, model, { store, clock })
  const live = liveAt(after, clock.seconds())
  for (const kind of KINDS) {
    const expected = live.filter((record) => record.kind === kind)
    assert.deepEqual((await store.list(kind)).map(withHex), expected.map(withoutKind))
    const expiries = expected.flatMap(({ expiresAt }) => expiresAt ?? [])
    const earliestExpiry = expiries.toSorted((a, b) => a - b)[0]
    assert.deepEqual(await store.depth(kind), { count: expected.length, earliestExpiry })
  }
  return live
}

async function expectStep(
  step: Step,
  model: readonly ModelRecord[],
  { store, clock }: Opened,
): Promise<readonly ModelRecord[]> {
  switch (step.do) {
    case 'write': {
      const batch = step.batch.map((write) => fromNow(write, clock.seconds()))
      const written = writeToModel(model, batch, clock.seconds())
      assert.equal(await store.write(batch), written !== undefined)
      return written ?? model
    }
    case 'take': {
      const taken = model.filter(({ kind }) => kind === step.kind).slice(0, step.limit)
      assert.deepEqual(
        (await store.take(step.kind, step.limit)).map(withHex),
        taken.map(withoutKind),
      )
      return model.filter((record) => !taken.includes(record))
    }
    case 'claim':
      return expectClaim(step, model, { store, clock })
    case 'advance':
      clock.advance(step.seconds)
      return model
    case 'purge':
      await store.purge()
      return model
  }
}

async function expectClaim(
  { kind, into, limit }: Extract<Step, { do: 'claim' }>,
  model: readonly ModelRecord[],
  { store, clock }: Opened,
): Promise<readonly ModelRecord[]> {
  if (kind === into) return model
  const expiresAt = clock.seconds() + 2
  const isTaken = ({ name }: ModelRecord): boolean =>
    model.some((other) => other.kind === into && other.name === name)
  const claimed = model.filter((record) => record.kind === kind && !isTaken(record)).slice(0, limit)
  const turned = (record: ModelRecord): ModelRecord => ({ ...record, kind: into, expiresAt })
  assert.deepEqual(
    (await store.claim(kind, limit, { kind: into, expiresAt })).map(withHex),
    claimed.map((record) => withoutKind(turned(record))),
  )
  return model.map((record) => (claimed.includes(record) ? turned(record) : record))
}

function fromNow(write: RelativeWrite, seconds: number): Write {
  if (!('value' in write) || write.expiresAt === undefined) return write
  return { ...write, expiresAt: seconds + write.expiresAt }
}

function withHex({ value, ...record }: StoredRecord): object {
  return { ...record, value: value.toString('hex') }
}

function withoutKind(modelled: ModelRecord): object {
  const { kind: _, ...record } = modelled
  return record
}
