import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredRecord, Write } from '../../src/store/contract.ts'
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

const EMPTY: readonly StoredRecord[] = []

/** Tests who gets which record. */
export function testTaking(openFor: OpenFor): void {
  test('taking gives the oldest records first, and no more than were asked for', async (t) => {
    const { store } = await openFor(t)
    await store.write(range(7, (index) => put(`n${6 - index}`, String(index))))
    await store.write([{ ...put('other'), kind: 'pool-key' }])
    assert.deepEqual(await store.take('card', 0), EMPTY)
    const taken = await store.take('card', 3)
    assert.deepEqual(
      taken.map(({ name }) => name),
      ['n6', 'n5', 'n4'],
    )
    assert.deepEqual(
      taken.map(({ value }) => value.toString()),
      ['0', '1', '2'],
    )
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
    assert.deepEqual(
      all,
      range(50, (index) => `n${index}`),
    )
    assert.deepEqual(await names(store), [])
  })

  test('claiming turns the oldest records into another kind, for one claimer only', async (t) => {
    const { store, clock } = await openFor(t)
    const expiresAt = clock.seconds() + 60
    const as = { kind: 'session-key', expiresAt } as const
    await store.write(range(5, (index) => put(`n${4 - index}`, String(index))))
    assert.deepEqual(await store.claim('card', 0, as), EMPTY)
    const claimed = await Promise.all([store.claim('card', 2, as), store.claim('card', 2, as)])
    assert.deepEqual(
      claimed.flat().map(({ name, value }) => `${name}=${value.toString()}`),
      ['n4=0', 'n3=1', 'n2=2', 'n1=3'],
    )
    assert.equal(claimed[0][0]?.expiresAt, expiresAt)
    assert.deepEqual(await names(store), ['n0'])
    assert.deepEqual(await names(store, 'session-key'), ['n4', 'n3', 'n2', 'n1'])
    assert.equal(await store.get('card', 'n4'), undefined)
    assert.equal((await store.get('session-key', 'n4'))?.value.toString(), '0')
    clock.advance(60)
    assert.deepEqual(await names(store, 'session-key'), [])
  })

  test('a claimed record keeps its counters, and replaces none that lives under its name', async (t) => {
    const { store, clock } = await openFor(t)
    const seconds = clock.seconds()
    const as = { kind: 'session-key', expiresAt: seconds + 60 } as const
    const there = { ...put('a', 'there', seconds + 5), kind: 'session-key' } as const
    await store.write([put('a', 'pooled'), put('b'), there])
    await store.write([{ op: 'count', kind: 'card', name: 'b', limits: { opened: 5 } }])
    const [claimed, ...others] = await store.claim('card', 9, as)
    assert.deepEqual([claimed?.name, claimed?.counts.opened, others.length], ['b', 1, 0])
    assert.equal((await store.get('session-key', 'a'))?.value.toString(), 'there')
    assert.deepEqual(await names(store), ['a'])
    clock.advance(5)
    assert.deepEqual(
      (await store.claim('card', 9, as)).map(({ name }) => name),
      ['a'],
    )
    assert.equal((await store.get('session-key', 'a'))?.value.toString(), 'pooled')
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

/** Tests that names, values and files are kept as they were given. */
export function testValues(openFor: OpenFor): void {
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
    const previous = Buffer.from('first')
    const replacing = store.write([{ ...replace('a', ['', 'third']), previous } as Write])
    previous.fill(0)
    assert.equal(await replacing, true)
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
      '',
      ' ',
      'a',
      'A',
      'a ',
      'a\0',
      'a\0b',
      '\0',
      '\n',
      '1',
      '01',
      '%',
      '_',
      '*',
      '../..',
      'ключ',
      '🧥',
      '\u00e9',
      'e\u0301',
      '__proto__',
      'constructor',
      "o'clock",
      '"; DROP TABLE records; --',
      'x'.repeat(5000),
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
    assert.deepEqual(
      (await store.list('card')).map(({ name }) => name),
      odd,
    )
  })

  test('the same name in two kinds is two records', async (t) => {
    const { store } = await openFor(t)
    const other: Write = { ...putBy('put-new', 'a'), kind: 'security-code' }
    assert.equal(await store.write([putBy('put-new', 'a'), other, remove('a')]), true)
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
