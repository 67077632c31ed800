import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { createClient, createToken } from '../../src/client/index.ts'
import type { RequestRecord } from '../../src/dev/record.ts'
import { MERCHANT, startHarness } from '../harness.ts'
import { signByHttpSignature, signByJwt } from '../signed-request.ts'
import { start, taken } from './started.ts'

const OPEN = {
  target: '/flex/v2/sessions',
  body: '{"fields":{"paymentInformation":{"card":{"number":{}}}}}',
} as const

test('a session is told whole: its request, its steps, its attempts, its tokens and their uses', async (t) => {
  const emulator = await start(t)
  const { flow } = emulator
  const context = await flow.openSession()
  const { kid } = context.claims.flx.jwk
  const bad = { paymentInformation: { card: { number: '4111111111111112' } } }
  await assert.rejects(createToken({ captureContext: context, data: bad }))
  const { jti, token } = await flow.redeem(context, { number: '4111111111111111' })
  await flow.client.getPaymentDetails(jti)
  await flow.client.getPaymentDetails(token)
  const session = taken(await emulator.control('GET', `/_dev/sessions/${kid}`))
  assert.equal(session.captureContext, context.jwt)
  assert.deepEqual([session.state, session.merchant], ['open', 'testmid'])
  assert.equal(session.opened.scheme, 'jwt')
  const steps = (record: unknown): readonly string[] =>
    (record as RequestRecord).steps.map(({ step, outcome }) => `${step} ${outcome}`)
  assert.deepEqual(steps(session.opened), [
    'authenticate passed',
    'parse request passed',
    'take session key passed',
    'sign capture context passed',
  ])
  assert.deepEqual(
    (session.attempts as RequestRecord[]).map(({ code, merchant }) => [code, merchant]),
    [
      ['CARD_DATA_INVALID', null],
      [null, 'testmid'],
    ],
  )
  assert.equal(steps(session.attempts[0]).at(-1), 'validate card data refused')
  const [issued] = session.tokens
  assert.deepEqual([issued.jti, issued.token, session.tokens.length], [jti, token, 1])
  assert.deepEqual(
    (issued.uses as RequestRecord[]).map(({ operation }) => operation),
    ['getPaymentDetailsByJti', 'getPaymentDetailsByToken'],
  )
})

test('a refused signature is told with both strings, the first difference and the mistake', async (t) => {
  const emulator = await start(t)
  await emulator.send(signByHttpSignature(MERCHANT, OPEN, { lines: (lines) => lines.toReversed() }))
  const [summary] = emulator.requests.list()
  const record = taken(await emulator.control('GET', `/_dev/requests/${summary?.id ?? ''}`))
  const { explanation, error, cause, merchant, outcome } = record
  assert.deepEqual(
    [error.code, explanation.reason, merchant, outcome],
    ['AUTHENTICATION_FAILED', 'WRONG_SIGNATURE', 'testmid', 'refused'],
  )
  assert.match(explanation.stringToSign.expected as string, /^host: /)
  assert.ok(explanation.mistake)
  assert.equal(cause, explanation.mistake)
  assert.deepEqual(record.steps[0].outcome, 'refused')
})

const CAUSES = [
  ['a wrong secret', { key: Buffer.alloc(32) }, /secret/i],
  ['a clock five hours off', { now: new Date(Date.now() - 5 * 3_600_000) }, /5 hours behind/],
  ['a header changed after signing', { sent: { 'v-c-merchant-id': 'other' } }, /./],
] as const

for (const [what, changes, cause] of CAUSES) {
  test(`${what} is named in words`, async (t) => {
    const emulator = await start(t)
    await emulator.send(signByHttpSignature(MERCHANT, OPEN, changes))
    assert.match(emulator.requests.list()[0]?.cause ?? '', cause)
  })
}

test('a body changed after signing is named in words', async (t) => {
  const emulator = await start(t)
  const signed = signByJwt(MERCHANT, OPEN)
  await emulator.send({ ...signed, payload: '{"fields":{}}' })
  const [record] = emulator.requests.list()
  assert.equal(record?.reason, 'DIGEST_OF_ANOTHER_BODY')
})

test('no card number and no security code is kept, wherever they were sent', async (t) => {
  const emulator = await start(t)
  const pan = '4111111111111111'
  const body = JSON.stringify({ number: pan, securityCode: '737' })
  for (const path of [
    '/flex/v2/tokens',
    `/flex/v2/payment-details/${pan}`,
    `/x?pan=${pan}&cvv=737`,
  ]) {
    const headers = { 'content-type': 'application/json', 'x-card': pan, 'v-c-merchant-id': pan }
    await fetch(emulator.url + path, { method: 'POST', headers, body })
  }
  await emulator.flow
    .redeem(await emulator.flow.openSession(), { securityCode: '737' })
    .catch(() => {})
  const kept = JSON.stringify(emulator.requests.list())
  assert.ok(!kept.includes(pan))
  assert.doesNotMatch(kept, /[:"=]737\D/)
  const shown = await emulator.control('GET', '/_dev/requests')
  assert.ok(!JSON.stringify(shown.json).includes(pan))
})

test('the last 500 requests are kept, in bounded memory, and large bodies are cut', async (t) => {
  const emulator = await start(t)
  for (let turn = 0; turn < 52; turn += 1) {
    const ask = (): Promise<Response> => fetch(`${emulator.url}/.well-known/jwks.json`)
    const replies = await Promise.all(Array.from({ length: 10 }, ask))
    await Promise.all(replies.map((reply) => reply.text()))
  }
  await fetch(`${emulator.url}/flex/v2/tokens`, { method: 'POST', body: 'x'.repeat(60_000) })
  const { count, last, bytes } = emulator.requests.status()
  assert.deepEqual([count, last], [500, 'r521'])
  assert.ok(bytes < 16 * 1024 * 1024)
  const [newest] = emulator.requests.list()
  const {
    text,
    truncated,
    bytes: size,
  } = newest?.request.body ?? { text: '', truncated: false, bytes: 0 }
  assert.deepEqual([text.length, truncated, size], [16 * 1024, true, 60_000])
})

test('the next matching request can be waited for', async (t) => {
  const emulator = await start(t)
  const signal = AbortSignal.timeout(5000)
  const next = emulator.requests.next({ operation: 'generateFlexAPICaptureContext' }, signal)
  await fetch(`${emulator.url}/.well-known/jwks.json`)
  await emulator.open()
  assert.equal((await next).status, 201)
  const gone = emulator.requests.next({ status: 418 }, AbortSignal.timeout(20))
  await assert.rejects(gone)
})

test('a body that is sent slowly is recorded as it came, and a connection that ends before is told as broken', async (t) => {
  const emulator = await start(t)
  emulator.faults.add({ kind: 'latency', milliseconds: 200 })
  const client = createClient({ ...MERCHANT, url: emulator.url, timeoutSeconds: 0.05 })
  await assert.rejects(client.getPaymentDetails(`1E${'A'.repeat(62)}`))
  const [record] = emulator.requests.list()
  assert.equal(record?.outcome ?? 'broken', 'broken')
})

test('the service itself keeps no trace', async () => {
  const { service, close } = await startHarness()
  assert.equal((await service.app.inject('/_dev/state')).statusCode, 404)
  await close()
})
