import { strict as assert } from 'node:assert'
import { test, type TestContext } from 'node:test'

import { systemClock } from '../../src/clock-and-random.ts'
import { DEV_PRESET } from '../../src/dev/preset.ts'
import { ServiceError } from '../../src/errors.ts'
import type { Store } from '../../src/store/contract.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { readErrorOf } from '../error-reply.ts'
import { createToken, encryptData, jtiOf, openSession, postJwe, requestSession } from '../flow.ts'
import { MERCHANT, startHarness, type Harness } from '../harness.ts'
import { signByHttpSignature } from '../signed-request.ts'

interface Breakable extends Harness {
  /** Makes the named methods of the store fail from now on; none when nothing is named. */
  fail(methods: readonly (keyof Store)[], error?: Error): void
}

const DOWN = new ServiceError('STORE_UNAVAILABLE', {
  cause: new Error('disk I/O error at /secret/path'),
  retryAfterSeconds: 1,
})

async function start(t: TestContext): Promise<Breakable> {
  const store = createMemoryStore(systemClock)
  let failing: readonly (keyof Store)[] = []
  let fault: Error = DOWN
  const guard = (method: keyof Store): void => {
    if (failing.includes(method)) throw fault
  }
  const breakable: Store = {
    ...store,
    get: async (...words) => (guard('get'), store.get(...words)),
    take: async (...words) => (guard('take'), store.take(...words)),
    claim: async (...words) => (guard('claim'), store.claim(...words)),
    write: async (...words) => (guard('write'), store.write(...words)),
  }
  const poolPolicy = { ...DEV_PRESET.poolPolicy, waitMilliseconds: 100 }
  const harness = await startHarness({ store: breakable, explain: false, poolPolicy })
  t.after(() => harness.close())
  const fail = (methods: readonly (keyof Store)[], error: Error = DOWN): void => {
    failing = methods
    fault = error
  }
  return { ...harness, fail }
}

function readUnavailable(reply: Parameters<typeof readErrorOf>[1]): void {
  readErrorOf('STORE_UNAVAILABLE', reply)
  assert.equal(reply.headers['retry-after'], '1')
  assert.ok(!reply.body.includes('disk') && !reply.body.includes('secret'))
}

test('answers 503 with Retry-After while the store cannot be read, and goes on afterwards', async (t) => {
  const harness = await start(t)
  const session = await openSession(harness)
  const token = await createToken(harness, session)
  const target = `/flex/v2/payment-details/${jtiOf(token)}`
  const details = () =>
    harness.service.app.inject(signByHttpSignature(MERCHANT, { method: 'GET', target }))
  harness.fail(['get'])
  readUnavailable(await postJwe(harness, encryptData(session)))
  readUnavailable(await details())
  harness.fail([])
  assert.equal((await postJwe(harness, encryptData(session))).statusCode, 201)
  assert.equal((await details()).statusCode, 200)
})

test('gives no token, and counts none, when it cannot be stored', async (t) => {
  const harness = await start(t)
  const session = await openSession(harness)
  harness.fail(['write'])
  readUnavailable(await postJwe(harness, encryptData(session)))
  readUnavailable(await postJwe(harness, encryptData(session, { number: '1' })))
  harness.fail([])
  const record = await harness.store.get('session-key', session.jwk.kid)
  assert.deepEqual(record?.counts, { issued: 0, opened: 0, failed: 0 })
  assert.equal((await harness.store.depth('card')).count, 0)
  await createToken(harness, session)
})

test('opens no session when keys cannot be claimed, and goes on afterwards', async (t) => {
  const harness = await start(t)
  for (let opened = 0; opened < 8; opened += 1) await openSession(harness)
  harness.fail(['claim'])
  readUnavailable(await requestSession(harness))
  harness.fail([])
  readErrorOf('KEY_POOL_EMPTY', await requestSession(harness))
})

test('tells nothing of a fault of its own, but logs it under the correlation id', async (t) => {
  const harness = await start(t)
  const session = await openSession(harness)
  harness.fail(['get'], new RangeError('secret detail'))
  const reply = await postJwe(harness, encryptData(session))
  const { correlationId } = readErrorOf('INTERNAL_ERROR', reply)
  assert.ok(!reply.body.includes('secret'))
  const logged = harness.lines.find((line) => line.includes('"level":"error"')) ?? ''
  assert.ok(logged.includes(correlationId))
  assert.ok(logged.includes('RangeError') && logged.includes('secret detail'))
})
