import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import type { Now } from '../../src/clock-and-random.ts'
import type { Kind, Store, StoredRecord, Write } from '../../src/store/contract.ts'
import { createTestClock, type TestClock } from './clock.ts'
import { testAgainstModel } from './conformance-model.ts'

/** A store that was opened for one test, empty. */
export interface OpenedStore {
  readonly store: Store
  /** Closes the store and opens it again. Absent where nothing survives. */
  readonly reopen?: () => Promise<Store>
}

interface Opened extends OpenedStore {
  readonly clock: TestClock
}

type PutOp = 'put' | 'put-new' | 'ensure'

const EMPTY: readonly StoredRecord[] = []

function put(name: string, value = 'v', expiresAt?: number): Write {
  return { op: 'put', kind: 'card', name, expiresAt, value: Buffer.from(value) }
}

function putOf(op: PutOp, name: string, value = 'v', expiresAt?: number): Write {
  return { op, kind: 'card', name, expiresAt, value: Buffer.from(value) }
}

function countOf(name: string, limit = 5, counter: 'issued' | 'opened' = 'issued'): Write {
  return { op: 'count', kind: 'card', name, limits: { [counter]: limit } }
}

function remove(name: string): Write {
  return { op: 'delete', kind: 'card', name }
}

async function names(store: Store, kind: Kind = 'card'): Promise<string[]> {
  return (await store.list(kind)).map(({ name }) => name)
}

async function valueOf(store: Store, name: string): Promise<string | undefined> {
  return (await store.get('card', name))?.value.toString()
}

function range<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

/** Tests that an engine keeps the contract of {@link Store}. */
export function testStore(name: string, open: (now: Now) => Promise<OpenedStore>): void {
  const openFor = async (t: TestContext): Promise<Opened> => {
    const clock = createTestClock()
    const opened = await open(clock.now)
    t.after(() => opened.store.close())
    return { ...opened, clock }
  }
  describe(name, () => {
    testGuards(openFor)
    testBatches(openFor)
    testExpiry(openFor)
    testTaking(openFor)
    testValues(openFor)
    testAgainstModel(openFor)
  })
}

type OpenFor = (t: TestContext) => Promise<Opened>

function testGuards(openFor: OpenFor): void {
  test('putting new is refused where a record of the name is, which stays as it was', async (t) => {
    const { store } = await openFor(t)
    await store.write([put('a', 'first')])
    await store.write([countOf('a')])
    assert.equal(await store.write([putOf('put-new', 'a', 'second', 9_999_999_999)]), false)
    const record = await store.get('card', 'a')
    assert.deepEqual([record?.value.toString(), record?.expiresAt], ['first', undefined])
    assert.deepEqual(record?.counts, { issued: 1, opened: 0, failed: 0 })
  })

  test('of two concurrent writers that put the same name new, the second is refused', async (t) => {
    const { store } = await openFor(t)
    const results = range(2, (index) => store.write([putOf('put-new', 'a', String(index))]))
    assert.deepEqual(await Promise.all(results), [true, false])
    assert.equal(await valueOf(store, 'a'), '0')
  })

  test('counting is refused where the record is absent, spent or empty, or the limit is zero', async (t) => {
    const { store } = await openFor(t)
    assert.equal(await store.write([countOf('absent')]), false)
    assert.equal(await store.get('card', 'absent'), undefined)
    await store.write([put('spent'), put('empty', ''), put('full')])
    assert.equal(await store.write([countOf('spent', 1)]), true)
    assert.equal(await store.write([countOf('spent', 1)]), false)
    assert.equal(await store.write([countOf('spent', 100)]), false)
    assert.equal(await store.write([countOf('spent', 100, 'opened')]), false)
    assert.equal(await store.write([countOf('empty')]), false)
    assert.equal(await store.write([countOf('full', 0)]), false)
    assert.equal(await valueOf(store, 'full'), 'v')
  })

  test('a record that was spent is still there: it cannot be put new, and its counters stay', async (t) => {
    const { store } = await openFor(t)
    await store.write([put('a'), countOf('a', 9, 'opened'), countOf('a', 1)])
    assert.equal(await store.write([putOf('put-new', 'a')]), false)
    assert.equal(await store.write([putOf('ensure', 'a')]), true)
    const record = await store.get('card', 'a')
    assert.deepEqual([record?.value.length, record?.counts], [0, { issued: 1, opened: 1, failed: 0 }])
  })

  test('a lower limit than what was counted already is refused and erases nothing', async (t) => {
    const { store } = await openFor(t)
    await store.write([put('a'), countOf('a', 9), countOf('a', 9), countOf('a', 9)])
    assert.equal(await store.write([countOf('a', 2)]), false)
    assert.equal(await store.write([countOf('a', 3)]), false)
    assert.equal(await valueOf(store, 'a'), 'v')
  })

  test('of 200 concurrent callers exactly as many are counted as the limit allows', async (t) => {
    const { store } = await openFor(t)
    await store.write([put('a'), put('b')])
    const results = await Promise.all(range(200, () => store.write([countOf('a', 150)])))
    assert.equal(results.filter(Boolean).length, 150)
    assert.equal(results.indexOf(false), 150)
    const record = await store.get('card', 'a')
    assert.deepEqual([record?.counts.issued, record?.value.length], [150, 0])
    assert.equal((await store.get('card', 'b'))?.counts.issued, 0)
  })

  test('the value is there until the count that reaches the limit', async (t) => {
    const { store } = await openFor(t)
    await store.write([put('a')])
    const lengths: (number | undefined)[] = []
    for (const _ of [1, 2, 3]) {
      await store.write([countOf('a', 3)])
      lengths.push((await store.get('card', 'a'))?.value.length)
    }
    assert.deepEqual(lengths, [1, 1, 0])
  })

  test('each counter is counted by itself', async (t) => {
    const { store } = await openFor(t)
    await store.write([put('a'), countOf('a'), countOf('a'), countOf('a', 5, 'opened')])
    await store.write([{ op: 'count', kind: 'card', name: 'a', limits: { failed: 20 } }])
    assert.deepEqual((await store.get('card', 'a'))?.counts, { issued: 2, opened: 1, failed: 1 })
  })
}

function testBatches(openFor: OpenFor): void {
  test('a batch of both lifetimes is a TypeError and writes nothing', async (t) => {
    const { store } = await openFor(t)
    const merchant: Write = { ...put('m'), kind: 'merchant' }
    await assert.rejects(async () => store.write([put('a'), merchant]), TypeError)
    await assert.rejects(store.write([remove('a'), merchant]), TypeError)
    assert.deepEqual([await names(store), await names(store, 'merchant')], [[], []])
  })

  for (const [where, place] of [
    ['first', 0],
    ['in the middle', 4],
    ['last', 7],
  ] as const) {
    for (const [what, guard] of [
      ['putting new', putOf('put-new', 'there')],
      ['counting', countOf('absent')],
    ] as const) {
      test(`when ${what} is refused ${where} of a batch, everything stays as it was, the order too`, async (t) => {
        const { store } = await openFor(t)
        await store.write([put('old'), put('there'), put('gone'), put('counted', 'c')])
        await store.write([countOf('counted', 2)])
        const before = await store.list('card')
        const batch = [
          put('new'),
          put('old', 'other', 9_999_999_999),
          countOf('counted', 2),
          remove('gone'),
          putOf('ensure', 'gone', 'again'),
          remove('there'),
          put('there', 'other'),
        ]
        assert.equal(await store.write(batch.toSpliced(place, 0, guard)), false)
        assert.deepEqual(await store.list('card'), before)
        assert.equal(await store.get('card', 'new'), undefined)
      })
    }
  }

  test('a refused batch takes nothing of its neighbours of the same turn with it', async (t) => {
    const { store } = await openFor(t)
    const results = await Promise.all([
      store.write([put('a')]),
      store.write([put('b'), countOf('absent')]),
      store.write([put('c'), put('d')]),
    ])
    assert.deepEqual(results, [true, false, true])
    assert.deepEqual(await names(store), ['a', 'c', 'd'])
  })

  test('the writes of a batch see each other, in order', async (t) => {
    const { store } = await openFor(t)
    const batch = [putOf('put-new', 'a'), countOf('a', 1), remove('a'), putOf('put-new', 'a', 'w')]
    assert.equal(await store.write(batch), true)
    const record = await store.get('card', 'a')
    assert.deepEqual([record?.value.toString(), record?.counts.issued], ['w', 0])
  })

  test('an empty batch is written', async (t) => {
    const { store } = await openFor(t)
    assert.equal(await store.write([]), true)
  })

  test('putting replaces value, expiry and counters, and makes the record the youngest', async (t) => {
    const { store, clock } = await openFor(t)
    await store.write([put('a', 'v', clock.seconds() + 5), put('b'), countOf('a')])
    assert.equal(await store.write([put('a', 'w')]), true)
    const [, record] = await store.list('card')
    assert.deepEqual([record?.name, record?.value.toString(), record?.expiresAt], ['a', 'w', undefined])
    assert.deepEqual(record?.counts, { issued: 0, opened: 0, failed: 0 })
  })

  test('ensuring keeps what is there, and puts what is not', async (t) => {
    const { store, clock } = await openFor(t)
    await store.write([put('a', 'first', clock.seconds() + 9), countOf('a')])
    const before = await store.get('card', 'a')
    assert.equal(await store.write([putOf('ensure', 'a', 'second'), putOf('ensure', 'b')]), true)
    assert.deepEqual(await store.get('card', 'a'), before)
    assert.equal(await valueOf(store, 'b'), 'v')
  })

  test('deleting removes one record and does nothing where there is none', async (t) => {
    const { store } = await openFor(t)
    await store.write([put('a'), put('b')])
    assert.equal(await store.write([remove('a')]), true)
    assert.equal(await store.write([remove('a')]), true)
    assert.deepEqual(await names(store), ['b'])
  })
}

function testExpiry(openFor: OpenFor): void {
  const expiring = async (t: TestContext): Promise<Opened> => {
    const opened = await openFor(t)
    const { store, clock } = opened
    await store.write([put('a', 'old', clock.seconds() + 2), countOf('a')])
    clock.advance(1)
    assert.equal(await valueOf(store, 'a'), 'old', 'it is there until the second is over')
    clock.advance(0.001)
    return opened
  }

  test('at the very second of its expiry a record is gone for every read', async (t) => {
    const { store } = await expiring(t)
    assert.equal(await store.get('card', 'a'), undefined)
    assert.deepEqual(await store.list('card'), EMPTY)
    assert.deepEqual(await store.depth('card'), { count: 0, earliestExpiry: undefined })
  })

  test('at the very second of its expiry a record can be neither taken nor counted', async (t) => {
    const { store } = await expiring(t)
    assert.equal(await store.write([countOf('a')]), false)
    assert.deepEqual(await store.take('card', 10), EMPTY)
  })

  for (const op of ['put', 'put-new', 'ensure'] as const) {
    test(`at the very second of its expiry a name is free for ${op}, and the new record is the youngest`, async (t) => {
      const { store } = await expiring(t)
      await store.write([put('b')])
      assert.equal(await store.write([putOf(op, 'a', 'new')]), true)
      const [, record] = await store.list('card')
      assert.deepEqual([record?.name, record?.value.toString(), record?.expiresAt], ['a', 'new', undefined])
      assert.deepEqual(record?.counts, { issued: 0, opened: 0, failed: 0 })
    })
  }

  test('a record that was put with an expiry in the past is never there', async (t) => {
    const { store, clock } = await openFor(t)
    assert.equal(await store.write([put('a', 'v', clock.seconds())]), true)
    assert.equal(await store.get('card', 'a'), undefined)
    assert.equal(await store.write([putOf('put-new', 'a', 'w')]), true)
    assert.equal(await valueOf(store, 'a'), 'w')
  })

  test('purging removes what has expired and nothing else, in both lifetimes', async (t) => {
    const { store, clock } = await openFor(t)
    const soon = clock.seconds() + 1
    await store.write([put('gone', 'v', soon), put('later', 'v', soon + 1), put('never')])
    await store.write([{ ...put('gone', 'v', soon), kind: 'merchant' }])
    await store.write([{ ...put('never'), kind: 'merchant' }])
    assert.equal(await store.purge(), 0)
    clock.advance(1)
    assert.equal(await store.purge(), 2)
    assert.deepEqual([await names(store), await names(store, 'merchant')], [['later', 'never'], ['never']])
    assert.equal(await store.purge(), 0)
  })

  test('one purge removes everything that has expired, however much there is', async (t) => {
    const { store, clock } = await openFor(t)
    const writes = range(1203, (index) => put(`n${index}`, 'v', clock.seconds() + 1))
    await store.write([...writes, put('never')])
    clock.advance(1)
    assert.equal(await store.purge(), 1203)
    assert.equal(await store.purge(), 0)
    assert.deepEqual(await names(store), ['never'])
  })
}

function testTaking(openFor: OpenFor): void {
  test('taking gives the oldest records first, and no more than were asked for', async (t) => {
    const { store } = await openFor(t)
    await store.write(range(7, (index) => put(`n${6 - index}`, String(index))))
    await store.write([{ ...put('other'), kind: 'pool-key' }])
    assert.deepEqual(await store.take('card', 0), EMPTY)
    const taken = await store.take('card', 3)
    assert.deepEqual(taken.map(({ name }) => name), ['n6', 'n5', 'n4'])
    assert.deepEqual(taken.map(({ value }) => value.toString()), ['0', '1', '2'])
    assert.deepEqual(await names(store), ['n3', 'n2', 'n1', 'n0'])
    assert.equal((await store.take('card', 99)).length, 4)
    assert.deepEqual(await store.take('card', 1), EMPTY)
    assert.deepEqual(await names(store, 'pool-key'), ['other'])
  })

  test('of many concurrent takers no two get the same record, and none is left', async (t) => {
    const { store } = await openFor(t)
    await store.write(range(50, (index) => put(`n${index}`)))
    const taken = await Promise.all(range(20, () => store.take('card', 3)))
    const all = taken.flat().map(({ name }) => name)
    assert.deepEqual(all, range(50, (index) => `n${index}`))
    assert.deepEqual(await names(store), [])
  })

  test('depth counts the live records of a kind and tells when the first of them expires', async (t) => {
    const { store, clock } = await openFor(t)
    const soon = clock.seconds() + 1
    assert.deepEqual(await store.depth('card'), { count: 0, earliestExpiry: undefined })
    await store.write([put('a')])
    assert.deepEqual(await store.depth('card'), { count: 1, earliestExpiry: undefined })
    await store.write([put('b', 'v', soon + 5), put('c', 'v', soon), put('d', 'v', soon + 9)])
    assert.deepEqual(await store.depth('card'), { count: 4, earliestExpiry: soon })
    clock.advance(1)
    assert.deepEqual(await store.depth('card'), { count: 3, earliestExpiry: soon + 5 })
  })
}

function testValues(openFor: OpenFor): void {
  test('changing a buffer that was given in changes nothing stored, even before the write is done', async (t) => {
    const { store } = await openFor(t)
    const [first, second] = [Buffer.from('first'), Buffer.from('second')]
    const writing = [
      store.write([{ ...put('a'), op: 'put', value: first } as Write]),
      store.write([put('b'), { ...put('c'), op: 'put', value: second } as Write]),
    ]
    first.fill(0)
    second.fill(0)
    await Promise.all(writing)
    assert.deepEqual([await valueOf(store, 'a'), await valueOf(store, 'c')], ['first', 'second'])
    first.fill(1)
    assert.equal(await valueOf(store, 'a'), 'first')
  })

  test('changing a buffer that was given out changes nothing stored', async (t) => {
    const { store } = await openFor(t)
    await store.write([put('a', 'first'), put('b', 'second')])
    ;(await store.get('card', 'a'))?.value.fill(0)
    for (const { value } of await store.list('card')) value.fill(0)
    assert.deepEqual([await valueOf(store, 'a'), await valueOf(store, 'b')], ['first', 'second'])
    const [taken] = await store.take('card', 1)
    assert.equal(taken?.value.toString(), 'first')
  })

  test('names of any characters are told apart, and values of any bytes come back, empty ones too', async (t) => {
    const { store } = await openFor(t)
    const odd = [
      ...['', ' ', 'a', 'A', 'a ', 'a\0', 'a\0b', '\0', '%', '_', '*', "o'clock", '"; DROP TABLE records; --'],
      ...['ключ', '🧥', '\u00e9', 'e\u0301', '../..', '__proto__', 'constructor', 'x'.repeat(5000), '\n', '1', '01'],
    ]
    const valueAt = (index: number): Buffer => Buffer.alloc(index, index * 11)
    const write = (name: string, index: number): Write =>
      ({ op: 'put-new', kind: 'card', name, expiresAt: undefined, value: valueAt(index) }) as const
    assert.equal(await store.write(odd.map(write)), true)
    for (const [index, name] of odd.entries()) {
      const record = await store.get('card', name)
      assert.deepEqual([record?.name, record?.value], [name, valueAt(index)])
      assert.equal(await store.write([write(name, index)]), false)
    }
    assert.deepEqual((await store.list('card')).map(({ name }) => name), odd)
  })

  test('the same name in two kinds is two records', async (t) => {
    const { store } = await openFor(t)
    const other: Write = { ...putOf('put-new', 'a'), kind: 'security-code' }
    assert.equal(await store.write([putOf('put-new', 'a'), other, remove('a')]), true)
    assert.equal(await store.get('card', 'a'), undefined)
    assert.deepEqual(await names(store, 'security-code'), ['a'])
  })

  test('what was written is there after the store was opened again', async (t) => {
    const { store, reopen, clock } = await openFor(t)
    if (reopen === undefined) return t.skip('nothing survives in this engine')
    await store.write([put('a', 'v', clock.seconds() + 9), put('b'), put('c'), countOf('a')])
    await store.write([{ ...put('m'), kind: 'merchant' }])
    await store.take('card', 0)
    const before = await store.list('card')
    const again = await reopen()
    t.after(() => again.close())
    assert.deepEqual(await again.list('card'), before)
    assert.deepEqual(await names(again, 'merchant'), ['m'])
    await again.write([put('d')])
    assert.deepEqual(await names(again), ['a', 'b', 'c', 'd'])
  })

  test('closing twice does no harm', async (t) => {
    const { store } = await openFor(t)
    await store.close()
    await store.close()
  })

  test('writes that were begun before closing are done', async (t) => {
    const { store, reopen } = await openFor(t)
    if (reopen === undefined) return t.skip('nothing survives in this engine')
    const writing = store.write([put('a')])
    const again = await reopen()
    t.after(() => again.close())
    assert.equal(await writing, true)
    assert.deepEqual(await names(again), ['a'])
  })
}
