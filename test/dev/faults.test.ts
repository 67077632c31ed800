import { strict as assert } from 'node:assert'
import { before, after, beforeEach, test } from 'node:test'
import { FlexError, verifyCaptureContext } from '../../src/client/index.ts'
import type { FaultRequest } from '../../src/dev/read-fault.ts'
import { REASONS_OF_CODE } from '../../src/dev/read-fault.ts'
import { ERRORS, OperatorError, type ErrorCode } from '../../src/errors.ts'
import type { ReadReply } from '../error-reply.ts'
import { MERCHANT } from '../harness.ts'
import { signByJwt } from '../signed-request.ts'
import { start, type Started } from './started.ts'

let emulator: Started
const ends: (() => unknown)[] = []
before(async () => {
  emulator = await start({ after: (end) => void ends.push(end as () => unknown) })
})
after(async () => {
  for (const end of ends) await end()
})
beforeEach(() => emulator.reset())

interface ErrorJson {
  readonly reason?: string
  readonly message?: string
  readonly response?: { readonly rmsg: string }
  readonly coatcheck: { readonly code: string; readonly reason?: string; readonly fault: string }
}

function read({ body }: ReadReply): ErrorJson {
  return JSON.parse(body) as ErrorJson
}

const CODES = Object.entries(ERRORS).map(([code, entry]) => [code as ErrorCode, entry] as const)

for (const [code, { status, family, reason }] of CODES) {
  test(`${code} can be produced on purpose, with its status and reason, and once`, async () => {
    // What belongs to creating a token is met there; the rest by a request for a session.
    const isOfTokens = ['SESSION_KEY_NOT_FOUND', 'DECRYPTION_ERROR', 'QUOTA_EXCEEDED'].includes(
      code,
    )
    emulator.faults.add({ kind: 'error', code })
    if (isOfTokens) {
      const context = await emulator.flow.openSession()
      await assert.rejects(emulator.flow.redeem(context), (error) => {
        assert.ok(error instanceof FlexError)
        assert.equal(error.reason, reason)
        return true
      })
      await emulator.flow.redeem(await emulator.flow.openSession())
      return
    }
    const reply = await emulator.open()
    assert.equal(reply.statusCode, status)
    const body = read(reply)
    assert.equal(body.coatcheck.code, code)
    if (family === 'flex') assert.equal(body.reason, reason)
    else assert.ok(body.response?.rmsg)
    assert.equal((await emulator.open()).statusCode, 201)
  })
}

for (const [code, reasons = []] of Object.entries(REASONS_OF_CODE)) {
  for (const reason of reasons) {
    test(`${code} can be produced for the reason ${reason}`, async () => {
      emulator.faults.add({ kind: 'error', code: code as ErrorCode, reason })
      const { coatcheck } = read(await emulator.open())
      assert.deepEqual([coatcheck.code, coatcheck.reason], [code, reason])
      const [record] = emulator.requests.list()
      assert.deepEqual([record?.code, record?.reason], [code, reason])
      assert.match(record?.cause ?? '', /fault f\d+ was set/)
    })
  }
}

test('a capture context can be issued expired, with a wrong kid or a wrong signature', async () => {
  const verify = async (): Promise<unknown> => {
    const { body } = await emulator.open()
    return verifyCaptureContext(body, { origins: [emulator.url], publicKeyOrigin: emulator.url })
  }
  for (const kind of ['expired-context', 'wrong-kid', 'wrong-signature'] as const) {
    emulator.faults.add({ kind })
    await assert.rejects(verify(), FlexError, kind)
    await verify()
  }
})

test('a capture context that was issued expired is refused as expired when it is used', async () => {
  emulator.faults.add({ kind: 'expired-context' })
  emulator.clock.freeze()
  const { body } = await emulator.open()
  const { verification } = (await emulator.control('POST', '/_dev/inspect', { text: body })).json
  assert.deepEqual([verification.verified, verification.expiry], [true, 'expired 1 minute ago'])
})

test('a transient token can be issued with a signature that does not verify', async () => {
  emulator.faults.add({ kind: 'wrong-signature', match: { operation: 'createTransientToken' } })
  await assert.rejects(emulator.flow.redeem(await emulator.flow.openSession()), FlexError)
  await emulator.flow.redeem(await emulator.flow.openSession())
})

test('the clock of the service can be off, for one request, when it checks a signature', async () => {
  emulator.faults.add({ kind: 'clock-skew', seconds: -5 * 3600 })
  for (const scheme of ['http_signature', 'jwt'] as const) {
    const { statusCode, body } = await emulator.open(scheme)
    if (scheme === 'jwt') assert.equal(statusCode, 201)
    else assert.match(body, /CLOCK_DIFFERS.*5 hours ahead/)
  }
})

test('a reply can be late, cut off, or a reset connection', async () => {
  emulator.faults.add({ kind: 'latency', milliseconds: 150 })
  const startedAt = performance.now()
  assert.equal((await emulator.open()).statusCode, 201)
  assert.ok(performance.now() - startedAt >= 150)
  emulator.faults.add({ kind: 'cut-off' })
  const { headers, body } = await emulator.open()
  assert.ok(body.length > 0 && body.length < Number(headers['content-length']))
  emulator.faults.add({ kind: 'reset' })
  await assert.rejects(emulator.open(), /ECONNRESET/)
  const outcomes = emulator.requests.list().map(({ outcome }) => outcome)
  assert.deepEqual(outcomes, ['broken', 'broken', 'succeeded'])
})

test('a fault is for the requests that it names, as often as it says', async () => {
  const other = { merchant: 'another' }
  const settings: readonly FaultRequest[] = [
    { kind: 'unavailable', match: { method: 'GET' } },
    { kind: 'unavailable', match: other },
    { kind: 'unavailable', match: { path: '/flex/*/tokens' } },
    { kind: 'unavailable', match: { operation: 'createTransientToken' } },
  ]
  for (const fault of settings) emulator.faults.add(fault)
  assert.equal((await emulator.open()).statusCode, 201)
  emulator.faults.add({
    kind: 'unavailable',
    match: { path: '/flex/*/sessions', merchant: 'testmid' },
    times: 2,
  })
  const statuses: number[] = []
  for (let turn = 0; turn < 3; turn += 1) statuses.push((await emulator.open()).statusCode)
  assert.deepEqual(statuses, [503, 503, 201])
})

test('a probability of 0 is never met and one just below 1 nearly always', async () => {
  const never = emulator.faults.add({ kind: 'unavailable', probability: 0 })
  assert.equal(never.times, 'always')
  assert.equal((await emulator.open()).statusCode, 201)
  emulator.faults.clear(never.id)
  emulator.faults.add({ kind: 'unavailable', probability: 0.999_999 })
  assert.equal((await emulator.open()).statusCode, 503)
})

test('requests at once meet each fault of their own', async () => {
  emulator.faults.add({ kind: 'error', code: 'KEY_POOL_EMPTY', times: 3 })
  const replies = await Promise.all(Array.from({ length: 8 }, () => emulator.open()))
  const refused = replies.filter(({ statusCode }) => statusCode === 503)
  assert.equal(refused.length, 3)
  const records = emulator.requests.list()
  for (const { status, faults } of records) assert.equal(faults.length, status === 503 ? 1 : 0)
})

test('the explanation of a request is its own, when many are refused at once', async () => {
  const paths = Array.from({ length: 12 }, (_, index) => `/flex/v2/payment-details/${index}`)
  await Promise.all(
    paths.map((target, index) => {
      const signed = signByJwt(MERCHANT, {
        method: 'GET',
        target: index % 2 === 0 ? target : '/other',
      })
      return emulator.send({ ...signed, url: target })
    }),
  )
  for (const { path, reason, code } of emulator.requests.list()) {
    const isEven = Number(path.split('/').at(-1)) % 2 === 0
    assert.deepEqual(
      [code, reason],
      isEven ? ['TOKEN_NOT_FOUND', null] : ['AUTHENTICATION_FAILED', 'TOKEN_OF_OTHER_PATH'],
    )
  }
})

const WRONG: readonly (readonly [string, object])[] = [
  ['a kind that is not known', { kind: 'explosion' }],
  ['no kind', {}],
  ['an error without a code', { kind: 'error' }],
  ['a code that is not known', { kind: 'error', code: 'TEAPOT' }],
  [
    'a reason of another code',
    { kind: 'error', code: 'STORE_UNAVAILABLE', reason: 'CLOCK_DIFFERS' },
  ],
  ['a stage where it cannot be', { kind: 'reset', stage: 'sign' }],
  ['latency without milliseconds', { kind: 'latency' }],
  ['a parameter of another kind', { kind: 'reset', milliseconds: 5 }],
  ['no times', { kind: 'reset', times: 0 }],
  ['a probability above 1', { kind: 'reset', probability: 2 }],
  ['an operation that is not there', { kind: 'reset', match: { operation: 'pay' } }],
  ['a member that is not known', { kind: 'reset', often: true }],
  ['a match that is not known', { kind: 'reset', match: { host: 'x' } }],
]

for (const [what, fault] of WRONG) {
  test(`a fault with ${what} is refused in a sentence, and not set`, () => {
    assert.throws(() => emulator.faults.addUnread({ ...fault }), OperatorError)
    assert.equal(emulator.faults.list().length, 0)
  })
}
