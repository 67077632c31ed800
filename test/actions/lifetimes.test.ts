import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import type { LightMyRequestResponse } from 'fastify'
import { readErrorOf } from '../error-reply.ts'
import {
  CARD_FIELDS,
  createToken,
  encryptData,
  jtiOf,
  openSession,
  postJwe,
  readPart,
  readSession,
} from '../flow.ts'
import { startHarness } from '../harness.ts'
import { signByHttpSignature, type Signer } from '../signed-request.ts'
import { createTestClock } from '../store/clock.ts'

const SESSIONS = { target: '/flex/v2/sessions', body: JSON.stringify({ fields: CARD_FIELDS }) }

test('a session is open for as long as its merchant has it, and not a second longer', async (t) => {
  const clock = createTestClock()
  const harness = await startHarness({ now: clock.now })
  t.after(() => harness.close())
  const signer = await harness.addMerchant({ sessionSeconds: 60 })
  const [session, late] = [
    await openSession(harness, { signer, now: clock.now() }),
    await openSession(harness, { signer, now: clock.now() }),
  ]
  assert.equal(session.claims.exp - session.claims.iat, 60)
  clock.advance(59)
  const token = await createToken(harness, session)
  assert.equal(readPart(token, 1)['exp'], clock.seconds() + 900)
  clock.advance(1)
  readErrorOf('SESSION_KEY_NOT_FOUND', await postJwe(harness, encryptData(late)))
})

test('a transient token and its card are kept for as long as its merchant has it', async (t) => {
  const clock = createTestClock()
  const harness = await startHarness({ now: clock.now })
  t.after(() => harness.close())
  const signer = await harness.addMerchant({ tokenSeconds: 30 })
  const session = await openSession(harness, { signer, now: clock.now() })
  assert.equal(session.claims.exp - session.claims.iat, 900)
  const token = await createToken(harness, session)
  const jti = jtiOf(token)
  assert.equal(readPart(token, 1)['exp'], clock.seconds() + 30)
  assert.equal(Number.parseInt(jti.slice(52, 60), 16), clock.seconds() + 30)
  const details = { method: 'GET', target: `/flex/v2/payment-details/${jti}` } as const
  const ask = async (): Promise<LightMyRequestResponse> =>
    harness.service.app.inject(signByHttpSignature(signer, details, { now: clock.now() }))
  clock.advance(29)
  assert.equal((await ask()).statusCode, 200)
  clock.advance(1)
  readErrorOf('TOKEN_NOT_FOUND', await ask())
})

test('lifetimes that are changed hold within 10 seconds, for the sessions that are opened then', async (t) => {
  const clock = createTestClock()
  const harness = await startHarness({ now: clock.now })
  t.after(() => harness.close())
  const signer: Signer = await harness.addMerchant({ id: 'changing', sessionKeys: 'one-time' })
  const lifetime = async (): Promise<number> => {
    const signed = signByHttpSignature(signer, SESSIONS, { now: clock.now() })
    const { exp, iat } = readSession((await harness.service.app.inject(signed)).body).claims
    return exp - iat
  }
  assert.equal(await lifetime(), 900)
  await harness.administration.update('changing', (old) => ({ ...old, sessionSeconds: 300 }))
  clock.advance(10)
  assert.equal(await lifetime(), 300)
  await harness.administration.update('changing', (old) => ({ ...old, sessionSeconds: undefined }))
  clock.advance(10)
  assert.equal(await lifetime(), 900)
})
