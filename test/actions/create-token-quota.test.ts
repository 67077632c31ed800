import { strict as assert } from 'node:assert'
import { test, type TestContext } from 'node:test'

import type { LightMyRequestResponse } from 'fastify'

import { systemClock } from '../../src/clock-and-random.ts'
import { ERRORS, type ErrorCode } from '../../src/errors.ts'
import type { Store } from '../../src/store/contract.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { readError, readErrorOf } from '../error-reply.ts'
import {
  CARD,
  createToken,
  encrypt,
  encryptData,
  makeRootKey,
  openSession,
  postJwe,
  stockPool,
  type Session,
} from '../flow.ts'
import { startHarness, type Harness } from '../harness.ts'
import { makeFolder } from '../store/folder.ts'
import { openPostgres } from '../store/postgres-server.ts'
import { openRedis } from '../store/redis-server.ts'

async function start(
  t: TestContext,
  options: Parameters<typeof startHarness>[0] = {},
): Promise<Harness> {
  const harness = await startHarness(options)
  t.after(() => harness.close())
  return harness
}

// One attempt of each kind.
const valid = (session: Session): string => encryptData(session)
const invalid = (session: Session): string => encryptData(session, { number: '1' })
const foreign = (session: Session): string => encrypt(session, { data: CARD, context: 'x.y.z' })
const undecryptable = (session: Session): string =>
  encryptData(session).replace(/.{8}$/, 'AAAAAAAA')

async function attempt(
  harness: Harness,
  session: Session,
  jwes: readonly ((session: Session) => string)[],
): Promise<readonly string[]> {
  const outcomes: string[] = []
  for (const jwe of jwes) outcomes.push(outcomeOf(await postJwe(harness, jwe(session))))
  return outcomes
}

/** `ok`, or the reason that the wire gives. */
function outcomeOf(reply: LightMyRequestResponse): string {
  return reply.statusCode === 201 ? 'ok' : readError(reply).reason
}

function times<Item>(count: number, item: Item): Item[] {
  return Array.from({ length: count }, () => item)
}

function tally(outcomes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}

const QUOTA: ErrorCode = 'QUOTA_EXCEEDED'
const { reason: SPENT } = ERRORS[QUOTA]
const { reason: INVALID } = ERRORS.CARD_DATA_INVALID
const { reason: UNDECRYPTED } = ERRORS.DECRYPTION_ERROR

async function keyIsErased({ store }: Harness, { jwk }: Session): Promise<boolean> {
  const record = await store.get('session-key', jwk.kid)
  assert.ok(record, 'the record with its counters stays until it expires')
  return record.value.length === 0
}

const DEV = { tokens: 10, attempts: 20 }
const SERVE = { tokens: 1, attempts: 5 }

for (const [mode, sessionLimits] of Object.entries({ DEV, SERVE })) {
  const { tokens, attempts } = sessionLimits

  test(`gives ${tokens} tokens a session in ${mode} and then none`, async (t) => {
    const harness = await start(t, { sessionLimits })
    const session = await openSession(harness)
    const outcomes = await attempt(harness, session, times(tokens + 2, valid))
    assert.deepEqual(outcomes, [...times(tokens, 'ok'), SPENT, SPENT])
    assert.equal(await keyIsErased(harness, session), true)
  })

  test(`sees ${attempts} opened attempts a session in ${mode} and then none`, async (t) => {
    const harness = await start(t, { sessionLimits })
    const session = await openSession(harness)
    const outcomes = await attempt(harness, session, times(attempts + 1, invalid))
    assert.deepEqual(outcomes, [...times(attempts, INVALID), SPENT])
    assert.deepEqual(await attempt(harness, session, [valid, undecryptable]), [SPENT, SPENT])
    assert.equal(await keyIsErased(harness, session), true)
  })

  test(`sees 20 attempts a session in ${mode} that do not decrypt and then none`, async (t) => {
    const harness = await start(t, { sessionLimits })
    const session = await openSession(harness)
    const outcomes = await attempt(harness, session, times(21, undecryptable))
    assert.deepEqual(outcomes, [...times(20, UNDECRYPTED), SPENT])
    assert.deepEqual(await attempt(harness, session, [valid]), [SPENT])
    assert.equal(await keyIsErased(harness, session), true)
  })
}

test('counts each kind of failure for itself', async (t) => {
  const harness = await start(t, { sessionLimits: SERVE })
  const session = await openSession(harness)
  const failures = [...times(19, undecryptable), ...times(4, invalid)]
  await attempt(harness, session, failures)
  assert.equal(await keyIsErased(harness, session), false)
  assert.deepEqual(await attempt(harness, session, [valid, valid]), ['ok', SPENT])
})

test('says that the quota is exceeded, in the words of the wire', async (t) => {
  const harness = await start(t, { sessionLimits: SERVE })
  const session = await openSession(harness)
  await createToken(harness, session)
  const reply = await postJwe(harness, valid(session))
  assert.deepEqual(readErrorOf(QUOTA, reply).details, [])
})

test('takes the limits of a merchant from its settings', async (t) => {
  const harness = await start(t)
  const signer = await harness.addMerchant({ tokensPerSession: 2, attemptsPerSession: 3 })
  const [first, second] = [
    await openSession(harness, { signer }),
    await openSession(harness, { signer }),
  ]
  assert.deepEqual(await attempt(harness, first, times(3, valid)), ['ok', 'ok', SPENT])
  const outcomes = await attempt(harness, second, [invalid, valid, invalid, valid])
  assert.deepEqual(outcomes, [INVALID, 'ok', INVALID, SPENT])
  assert.equal(await keyIsErased(harness, second), true)
})

// An attempt whose context does not open is counted against the default limit, as nobody knows whose session it is:
// it can find the counter beyond its own limit, but below that of the session, and the other way round.
const MIXED = [
  { attemptsPerSession: 3, first: times(9, foreign), second: valid },
  { attemptsPerSession: 30, first: times(15, invalid), second: foreign },
] as const

for (const { attemptsPerSession, first, second } of MIXED) {
  test(`bounds the attempts of a session that may see ${attemptsPerSession}, of whatever kinds`, async (t) => {
    const harness = await start(t, { sessionLimits: { tokens: 10, attempts: 10 } })
    const signer = await harness.addMerchant({ attemptsPerSession })
    const session = await openSession(harness, { signer })
    await attempt(harness, session, first)
    const outcomes = await attempt(harness, session, times(20, second))
    assert.deepEqual(tally(outcomes), { [SPENT]: 20 })
    assert.equal(await keyIsErased(harness, session), true)
  })
}

const STORES: Readonly<Record<string, (t: TestContext) => Store | Promise<Store | undefined>>> = {
  memory: () => createMemoryStore(systemClock),
  SQLite: () => openSqliteStore({ folder: makeFolder(), mode: 'dev', now: systemClock }),
  PostgreSQL: openPostgres,
  Redis: openRedis,
}

for (const [engine, makeStore] of Object.entries(STORES)) {
  const exact = [
    { kind: 'tokens', jwe: valid, limit: 10, counted: 'ok' },
    { kind: 'opened attempts', jwe: invalid, limit: 20, counted: INVALID },
    { kind: 'attempts that do not decrypt', jwe: undecryptable, limit: 20, counted: UNDECRYPTED },
  ] as const
  for (const { kind, jwe, limit, counted } of exact) {
    test(`allows exactly ${limit} ${kind} of 50 concurrent requests, on ${engine}`, async (t) => {
      const store = await makeStore(t)
      if (store === undefined) return
      const rootKey = makeRootKey()
      const harness = await start(t, { store, rootKey })
      const replica = await startHarness({ store: harness.store, rootKey })
      const session = await openSession(harness)
      const replies = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          postJwe(index % 2 === 0 ? harness : replica, jwe(session)),
        ),
      )
      assert.deepEqual(tally(replies.map(outcomeOf)), { [counted]: limit, [SPENT]: 50 - limit })
      assert.equal(await keyIsErased(harness, session), true)
      await replica.service.close()
    })
  }
}

test('keeps the key while uses are left and erases it with the last', async (t) => {
  const harness = await start(t, { sessionLimits: { tokens: 3, attempts: 5 } })
  const session = await openSession(harness)
  for (const erased of [false, false, true]) {
    await createToken(harness, session)
    assert.equal(await keyIsErased(harness, session), erased)
  }
})

test('counts the uses of each session that shares a rotated key', async (t) => {
  const harness = await start(t, { sessionLimits: { tokens: 2, attempts: 5 } })
  await stockPool(harness, 'rotated-pool-key', { count: 1 })
  const signer = await harness.addMerchant({ sessionKeys: 'rotated' })
  const [first, second] = [
    await openSession(harness, { signer }),
    await openSession(harness, { signer }),
  ]
  assert.equal(first.jwk.n, second.jwk.n)
  assert.deepEqual(await attempt(harness, first, times(3, valid)), ['ok', 'ok', SPENT])
  assert.deepEqual(await attempt(harness, second, times(3, valid)), ['ok', 'ok', SPENT])
})

test('counts 50 concurrent requests of a session with a rotated key exactly', async (t) => {
  const harness = await start(t)
  await stockPool(harness, 'rotated-pool-key', { count: 1 })
  const signer = await harness.addMerchant({ sessionKeys: 'rotated' })
  const session = await openSession(harness, { signer })
  const replies = await Promise.all(
    Array.from({ length: 50 }, () => postJwe(harness, valid(session))),
  )
  assert.deepEqual(tally(replies.map(outcomeOf)), { ok: 10, [SPENT]: 40 })
})
