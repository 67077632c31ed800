import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Write } from '../../src/store/contract.ts'
import { countOf, names, type OpenFor, put, putBy, remove, valueOf } from './opened.ts'

/** Tests that a batch is written whole or not at all, and what each write does. */
export function testBatches(openFor: OpenFor): void {
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
      ['putting new', putBy('put-new', 'there')],
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
          putBy('ensure', 'gone', 'again'),
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

  for (const [where, first, second] of [
    ['the second of both', ['z', 'b'], ['a', 'b']],
    ['the first of one and the second of the other', ['b'], ['a', 'b']],
  ] as const) {
    test(`of two concurrent batches the second has the last word on a record that is ${where}`, async (t) => {
      const { store } = await openFor(t)
      const batches = [first, second].map((all, index) => all.map((name) => put(name, `${index}`)))
      const results = await Promise.all(batches.map((batch) => store.write(batch)))
      assert.deepEqual(results, [true, true])
      assert.equal(await valueOf(store, 'b'), '1')
    })
  }

  test('the writes of a batch see each other, in order', async (t) => {
    const { store } = await openFor(t)
    const batch = [putBy('put-new', 'a'), countOf('a', 1), remove('a'), putBy('put-new', 'a', 'w')]
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
    assert.deepEqual(
      [record?.name, record?.value.toString(), record?.expiresAt],
      ['a', 'w', undefined],
    )
    assert.deepEqual(record?.counts, { issued: 0, opened: 0, failed: 0 })
  })

  test('ensuring keeps what is there, and puts what is not', async (t) => {
    const { store, clock } = await openFor(t)
    await store.write([put('a', 'first', clock.seconds() + 9), countOf('a')])
    const before = await store.get('card', 'a')
    assert.equal(await store.write([putBy('ensure', 'a', 'second'), putBy('ensure', 'b')]), true)
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
