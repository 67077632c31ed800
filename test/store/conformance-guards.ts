import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Write } from '../../src/store/contract.ts'
import { countOf, type OpenFor, put, putBy, range, valueOf } from './opened.ts'

/** Tests what is refused, and how often a record is counted. */
export function testGuards(openFor: OpenFor): void {
  test('putting new is refused where a record of the name is, which stays as it was', async (t) => {
    const { store } = await openFor(t)
    await store.write([put('a', 'first')])
    await store.write([countOf('a')])
    assert.equal(await store.write([putBy('put-new', 'a', 'second')]), false)
    const record = await store.get('card', 'a')
    assert.deepEqual([record?.value.toString(), record?.expiresAt], ['first', undefined])
    assert.deepEqual(record?.counts, { issued: 1, opened: 0, failed: 0 })
  })

  test('of two concurrent writers that put the same name new, the second is refused', async (t) => {
    const { store } = await openFor(t)
    const results = range(2, (index) => store.write([putBy('put-new', 'a', String(index))]))
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
    assert.equal(await store.write([putBy('put-new', 'a')]), false)
    assert.equal(await store.write([putBy('ensure', 'a')]), true)
    const record = await store.get('card', 'a')
    assert.deepEqual(
      [record?.value.length, record?.counts],
      [0, { issued: 1, opened: 1, failed: 0 }],
    )
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

  test('a count of several counters is refused when one of them is full, and then counts none', async (t) => {
    const { store } = await openFor(t)
    const both = (issued: number, opened: number): Write => ({
      op: 'count',
      kind: 'card',
      name: 'a',
      limits: { issued, opened },
    })
    await store.write([put('a'), both(9, 9)])
    assert.equal(await store.write([both(9, 1)]), false)
    assert.equal(await store.write([both(1, 9)]), false)
    assert.deepEqual((await store.get('card', 'a'))?.counts, { issued: 1, opened: 1, failed: 0 })
    assert.equal(await store.write([both(9, 2)]), true)
    const record = await store.get('card', 'a')
    assert.deepEqual([record?.value.length, record?.counts.issued], [0, 2])
    assert.equal(await store.write([both(9, 9)]), false)
  })

  test('each counter is counted by itself', async (t) => {
    const { store } = await openFor(t)
    await store.write([put('a'), countOf('a'), countOf('a'), countOf('a', 5, 'opened')])
    await store.write([countOf('a', 20, 'failed')])
    assert.deepEqual((await store.get('card', 'a'))?.counts, { issued: 2, opened: 1, failed: 1 })
  })
}
