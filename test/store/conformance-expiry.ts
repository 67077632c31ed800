import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { StoredRecord } from '../../src/store/contract.ts'
import { countOf, names, type Opened, type OpenFor, put, putBy, range, valueOf } from './opened.ts'

const EMPTY: readonly StoredRecord[] = []

/** Tests that the clock decides, and that purging is only housekeeping. */
export function testExpiry(openFor: OpenFor): void {
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
      assert.equal(await store.write([putBy(op, 'a', 'new')]), true)
      const [, record] = await store.list('card')
      assert.deepEqual(
        [record?.name, record?.value.toString(), record?.expiresAt],
        ['a', 'new', undefined],
      )
      assert.deepEqual(record?.counts, { issued: 0, opened: 0, failed: 0 })
    })
  }

  test('a record that was put with an expiry in the past is never there', async (t) => {
    const { store, clock } = await openFor(t)
    assert.equal(await store.write([put('a', 'v', clock.seconds())]), true)
    assert.equal(await store.get('card', 'a'), undefined)
    assert.equal(await store.write([putBy('put-new', 'a', 'w')]), true)
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
    assert.deepEqual(
      [await names(store), await names(store, 'merchant')],
      [['later', 'never'], ['never']],
    )
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
