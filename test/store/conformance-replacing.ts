import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  countOf,
  names,
  type OpenFor,
  put,
  putBy,
  range,
  remove,
  replace,
  valueOf,
} from './opened.ts'

/** Tests what replaces a record, and what is refused because somebody else changed it. */
export function testReplacing(openFor: OpenFor): void {
  test('a record is replaced by who read it: value, expiry and counters, but not its age', async (t) => {
    const { store, clock } = await openFor(t)
    const soon = clock.seconds() + 9
    await store.write([put('a', 'first', soon), put('b'), countOf('a')])
    assert.equal(await store.write([replace('a', ['first', 'second'])]), true)
    const record = await store.get('card', 'a')
    assert.deepEqual([record?.value.toString(), record?.expiresAt], ['second', undefined])
    assert.deepEqual(record?.counts, { issued: 0, opened: 0, failed: 0 })
    assert.deepEqual(await names(store), ['a', 'b'])
    assert.equal(await store.write([replace('a', ['second', 'third'], soon)]), true)
    assert.equal((await store.get('card', 'a'))?.expiresAt, soon)
  })

  test('replacing is refused unless the value is exactly the one that was read', async (t) => {
    const { store } = await openFor(t)
    await store.write([put('a', 'value'), put('empty', '')])
    for (const previous of ['', 'valu', 'value ', 'Value', 'other']) {
      assert.equal(await store.write([replace('a', [previous, 'new'])]), false, previous)
    }
    assert.equal(await store.write([replace('empty', ['v', 'new'])]), false)
    assert.deepEqual([await valueOf(store, 'a'), await valueOf(store, 'empty')], ['value', ''])
    assert.equal(await store.write([replace('empty', ['', 'new'])]), true)
  })

  test('replacing is refused where the record is absent, deleted or expired', async (t) => {
    const { store, clock } = await openFor(t)
    await store.write([put('deleted'), put('expired', 'v', clock.seconds() + 1)])
    await store.write([remove('deleted')])
    clock.advance(1)
    for (const name of ['absent', 'deleted', 'expired']) {
      assert.equal(await store.write([replace(name, ['v', 'new'])]), false, name)
      assert.equal(await store.get('card', name), undefined)
    }
  })

  test('a batch in which a replacement is refused writes nothing', async (t) => {
    const { store } = await openFor(t)
    await store.write([put('a', 'first'), put('b', 'first')])
    const batch = [
      replace('a', ['first', 'second']),
      putBy('put-new', 'c'),
      replace('b', ['other', 'second']),
    ]
    assert.equal(await store.write(batch), false)
    assert.deepEqual(await names(store), ['a', 'b'])
    assert.deepEqual([await valueOf(store, 'a'), await valueOf(store, 'b')], ['first', 'first'])
  })

  test('of many concurrent replacers of one value exactly the first wins', async (t) => {
    const { store } = await openFor(t)
    await store.write([put('a', 'first')])
    const replacing = range(20, (index) => store.write([replace('a', ['first', `by ${index}`])]))
    const results = await Promise.all(replacing)
    assert.deepEqual(results, [true, ...range(19, () => false)])
    assert.equal(await valueOf(store, 'a'), 'by 0')
  })
}
