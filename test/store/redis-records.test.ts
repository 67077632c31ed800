import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { type Now, systemClock } from '../../src/clock-and-random.ts'
import { ServiceError } from '../../src/errors.ts'
import { SealError, type SealingKey } from '../../src/jose/seal.ts'
import type { Store, Write } from '../../src/store/contract.ts'
import {
  openRecord,
  sealedWrite,
  type Sealer,
  type Unsealed,
} from '../../src/store/sealed-records.ts'
import { hasRedis, newPrefix, openStore, type RedisServer, sharedRedis } from './redis-server.ts'

function card(name: string, expiresAt: number | undefined, value = 'v'): Write {
  return { op: 'put-new', kind: 'card', name, expiresAt, value: Buffer.from(value) }
}

interface Opened {
  readonly server: RedisServer
  readonly url: string
  readonly store: Store
  /** The key of a card. */
  keyOf(name: string): string
}

async function open(t: TestContext, now?: Now): Promise<Opened> {
  const server = await sharedRedis()
  const prefix = newPrefix()
  const url = server.url(`/0?passing=0&prefix=${prefix}`)
  const store = await openStore(t, url, now === undefined ? {} : { now })
  return { server, url, store, keyOf: (name) => `{${prefix}:passing}:record:card:${name}` }
}

for (const [what, hours] of [
  ['ahead of', 6],
  ['behind', -6],
] as const) {
  test(`a clock ${what} the server's decides when a record is gone, and the server forgets it later`, async (t) => {
    if (!hasRedis(t)) return
    let milliseconds = systemClock().getTime() + hours * 3_600_000
    milliseconds -= milliseconds % 1000
    const { server, store, keyOf } = await open(t, () => new Date(milliseconds))
    const expiresAt = milliseconds / 1000 + 2
    await store.write([card('a', expiresAt)])
    const left = Number(await server.command('PTTL', keyOf('a')))
    assert.ok(left > 3_600_000 && left <= 3_602_000, `forgotten in ${left} ms`)
    milliseconds += 1999
    assert.equal((await store.get('card', 'a'))?.name, 'a')
    milliseconds += 1
    assert.equal(await store.get('card', 'a'), undefined)
    assert.equal(await server.command('EXISTS', keyOf('a')), 1)
    assert.equal(await store.purge(), 1)
    assert.equal(await server.command('EXISTS', keyOf('a')), 0)
  })
}

test('counting and spending leave the time at which the server forgets; claiming sets it anew', async (t) => {
  if (!hasRedis(t)) return
  const { server, store, keyOf } = await open(t)
  const seconds = Math.floor(systemClock().getTime() / 1000)
  await store.write([card('a', seconds + 100)])
  await store.write([{ op: 'count', kind: 'card', name: 'a', limits: { issued: 1 } }])
  assert.ok(Number(await server.command('TTL', keyOf('a'))) > 3600)
  await store.write([{ ...card('a', undefined), op: 'put' } as Write])
  assert.equal(await server.command('TTL', keyOf('a')), -1)
  await store.claim('card', 1, { kind: 'session-key', expiresAt: seconds + 50 })
  const claimed = keyOf('a').replace(':card:', ':session-key:')
  const left = Number(await server.command('TTL', claimed))
  assert.ok(left > 3600 && left <= 3651)
})

test('a record that the server has forgotten is gone for every method, and purging tidies up behind it', async (t) => {
  if (!hasRedis(t)) return
  const { server, store, keyOf } = await open(t)
  const seconds = Math.floor(systemClock().getTime() / 1000)
  await store.write([card('a', seconds + 2), card('b', undefined)])
  await server.command('DEL', keyOf('a'))
  assert.deepEqual(
    [(await store.list('card')).length, (await store.take('card', 5)).map(({ name }) => name)],
    [1, ['b']],
  )
  assert.equal((await store.depth('card')).count, 0)
})

test('two connections that race for a name, a count, a claim or a take never both win', async (t) => {
  if (!hasRedis(t)) return
  const { url, store: one } = await open(t)
  const two = await openStore(t, url)
  const stores = [one, two]
  const names = Array.from({ length: 60 }, (_, index) => `n${index}`)
  const wins = await Promise.all(
    names.flatMap((name) => stores.map((store) => store.write([card(name, undefined)]))),
  )
  assert.equal(wins.filter(Boolean).length, 60)
  const count = { op: 'count', kind: 'card', name: 'n0', limits: { issued: 150 } } as const
  const counts = await Promise.all(
    Array.from({ length: 200 }, (_, index) => (stores[index % 2] ?? one).write([count])),
  )
  assert.equal(counts.filter(Boolean).length, 150)
  assert.equal((await one.get('card', 'n0'))?.counts.issued, 150)
  const as = { kind: 'session-key', expiresAt: 9_999_999_999 } as const
  const claimed = await Promise.all(
    Array.from({ length: 10 }, (_, index) => (stores[index % 2] ?? one).claim('card', 4, as)),
  )
  assert.equal(new Set(claimed.flat().map(({ name }) => name)).size, 40)
  assert.equal(claimed.flat().length, 40)
  const taken = await Promise.all(
    Array.from({ length: 10 }, (_, index) => (stores[index % 2] ?? one).take('card', 4)),
  )
  assert.deepEqual(
    [taken.flat().length, new Set(taken.flat().map(({ name }) => name)).size],
    [20, 20],
  )
  assert.equal((await two.list('session-key')).length, 40)
})

test('a list is of one moment, however much is written while it is read', async (t) => {
  if (!hasRedis(t)) return
  const { url, store } = await open(t)
  const other = await openStore(t, url)
  await store.write([card('active-0', undefined, 'active')])
  const over = new AbortController()
  async function rotate(): Promise<void> {
    for (let turn = 1; !over.signal.aborted; turn += 1) {
      const previous = Buffer.from('active')
      const retired = {
        ...card(`active-${turn - 1}`, undefined, 'retired'),
        op: 'replace',
        previous,
      }
      await other.write([card(`active-${turn}`, undefined, 'active'), retired as Write])
      await new Promise((resolve) => setTimeout(resolve, 3))
    }
  }
  const rotating = rotate()
  for (let look = 0; look < 60; look += 1) {
    const listed = await store.list('card')
    assert.equal(listed.filter(({ value }) => value.toString() === 'active').length, 1)
  }
  over.abort()
  await rotating
})

test('every key of a lifetime has its hash tag, so that one slot of a cluster holds them', async (t) => {
  if (!hasRedis(t)) return
  const { server, url, store } = await open(t)
  const prefix = new URL(url).searchParams.get('prefix')
  await store.write([card('{a}:b', 9_999_999_999)])
  await store.write([{ ...card('m', undefined), kind: 'merchant' }])
  const keys = await server.command('KEYS', `*${prefix}*`)
  assert.ok(Array.isArray(keys) && keys.length === 10)
  for (const key of keys)
    assert.match(String(key), new RegExp(`^\\{${prefix}:(lasting|passing)\\}:`))
})

test('a record of an unknown form is an error of the store and no crash', async (t) => {
  if (!hasRedis(t)) return
  const { server, store, keyOf } = await open(t)
  const isUnknown = (error: unknown): boolean =>
    error instanceof ServiceError &&
    error.code === 'STORE_UNAVAILABLE' &&
    /holds a record of an unknown form\. A newer version/.test(String(error.cause))
  await store.write([card('a', undefined)])
  for (const payload of [
    '2 - 0 0 0 1\nv',
    '',
    '\n',
    '1 - 0 0 0 1',
    '1 - 0 x 0 1\nv',
    '1 soon 0 0 0 1\nv',
  ]) {
    await server.command('SET', keyOf('a'), payload)
    await assert.rejects(store.get('card', 'a'), isUnknown, payload)
    await assert.rejects(store.list('card'), isUnknown, payload)
    await assert.rejects(store.write([card('a', undefined)]), isUnknown, payload)
    await assert.rejects(store.take('card', 1), isUnknown, payload)
  }
  await store.write([card('b', undefined)])
  assert.equal((await store.get('card', 'b'))?.name, 'b')
})

const active: SealingKey = { id: 'k001', key: createSecretKey(randomBytes(32)) }
const SEALER: Sealer = { active, find: (id) => (id === 'k001' ? active : undefined), randomBytes }

for (const [what, spoil, place] of [
  ['moved to another name', 'rename', { name: 'b' }],
  ['moved to another kind', 'rename', { kind: 'security-code' }],
  ['whose expiry was put off', 'put off', {}],
  ['whose expiry was taken away', 'take away', {}],
  ['with other bytes in the middle', 'flip', {}],
] as const) {
  test(`in the Redis store a sealed value ${what} does not open`, async (t) => {
    if (!hasRedis(t)) return
    const { server, store, keyOf } = await open(t)
    const expiresAt = Math.floor(systemClock().getTime() / 1000) + 900
    const record: Unsealed = {
      kind: 'card',
      name: 'a',
      secret: '1E0WC1GO87JG1B',
      owner: 'acme_shop',
      expiresAt,
      content: Buffer.from('{"number":"4111111111111111"}'),
    }
    await store.write([sealedWrite('put-new', record, SEALER)])
    const stored = await store.get('card', 'a')
    assert.ok(stored !== undefined && openRecord(stored, record, SEALER).owner === 'acme_shop')
    const key = keyOf('a')
    const moved = { ...record, ...place }
    const edits = {
      rename: ['RENAME', key, key.replace(':card:a', `:${moved.kind}:${moved.name}`)],
      'put off': ['SETRANGE', key, '2', String(expiresAt + 1)],
      'take away': ['SETRANGE', key, '0', '1 -'],
      flip: ['SETRANGE', key, '80', '\0\0\0\0'],
    }
    await server.command(...edits[spoil])
    // Without its expiry the line is shorter: the rest is moved up.
    if (spoil === 'take away') {
      await server.command(
        'EVAL',
        "local p = redis.call('GET', KEYS[1]) return redis.call('SET', KEYS[1], '1 -' .. string.sub(p, 13))",
        '1',
        key,
      )
    }
    const read = await store.get(moved.kind, moved.name)
    assert.ok(read !== undefined)
    assert.throws(
      () => openRecord(read, moved, SEALER),
      (error) => error instanceof SealError && error.message === 'a sealed value does not open',
    )
  })
}
