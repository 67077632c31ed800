import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { startEmulator } from '../../src/dev/emulator.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { CARD, PAN } from '../flow.ts'
import { MERCHANT } from '../harness.ts'
import { signByHttpSignature } from '../signed-request.ts'
import { start } from './started.ts'

const OPEN = {
  target: '/flex/v2/sessions',
  body: '{"fields":{"paymentInformation":{"card":{"number":{}}}}}',
} as const

test('several emulators run side by side, each with a clock, faults and requests of its own', async (t) => {
  const emulators = await Promise.all([start(t), start(t), start(t)])
  const [first, second, third] = emulators
  assert.equal(new Set(emulators.map(({ url }) => url)).size, 3)
  first.clock.freeze()
  second.faults.add({ kind: 'unavailable', times: 'always' })
  const replies = await Promise.all(emulators.map((emulator) => emulator.open()))
  assert.deepEqual(
    replies.map(({ statusCode }) => statusCode),
    [201, 503, 201],
  )
  assert.deepEqual(
    emulators.map(({ requests }) => requests.status().count),
    [1, 1, 1],
  )
  assert.equal(third.clock.state().mode, 'running')
})

test('an emulator in process is ready soon, and stops without leaving anything behind', async (t) => {
  const startedAt = performance.now()
  const emulator = await startEmulator({ sessionKeys: 'bundled' })
  const milliseconds = performance.now() - startedAt
  t.diagnostic(`ready after ${Math.round(milliseconds)} ms`)
  const events = await fetch(`${emulator.url}/_dev/events`)
  await emulator.stop()
  await events.text()
  await assert.rejects(fetch(emulator.url))
  assert.ok(milliseconds < 5000)
})

test('sixteen minutes later an old context is refused as expired, and a new session works at once', async (t) => {
  const { flow, clock } = await start(t)
  const context = await flow.openSession()
  const { jti } = await flow.redeem(await flow.openSession())
  clock.advance('16m')
  await assert.rejects(flow.redeem(context), /Cannot find private RSA key/)
  await assert.rejects(flow.client.getPaymentDetails(jti), /No such transient token/)
  // Verified by the clock of the emulator: to the machine's the new one is not issued yet.
  const jwt = await flow.client.generateFlexAPICaptureContext({
    fields: { paymentInformation: { card: { number: {} } } },
  })
  assert.equal(jwt.split('.').length, 3)
})

test('merchants sign by the machine’s clock, wherever the clock of the emulator is, unless signatures follow', async (t) => {
  const emulator = await start(t)
  emulator.clock.set('2031-06-01T00:00:00Z')
  for (const scheme of ['http_signature', 'jwt'] as const) {
    assert.equal((await emulator.open(scheme)).statusCode, 201)
  }
  emulator.clock.followSignatures(true)
  assert.match((await emulator.open('http_signature')).body, /CLOCK_DIFFERS/)
  const now = emulator.clock.now()
  assert.equal((await emulator.send(signByHttpSignature(MERCHANT, OPEN, { now }))).statusCode, 201)
})

test('a JWT is refused the second time, wherever the clock is and goes, until its store is reset', async (t) => {
  const { signByJwt } = await import('../signed-request.ts')
  const emulator = await start(t)
  emulator.clock.advance('3h')
  const signed = signByJwt(MERCHANT, OPEN)
  assert.equal((await emulator.send(signed)).statusCode, 201)
  for (const by of ['0s', '1h', '-5h']) {
    emulator.clock.advance(by)
    assert.match((await emulator.send(signed)).body, /TOKEN_REPLAYED/)
  }
  await emulator.reset({ store: true })
  assert.equal((await emulator.send(signed)).statusCode, 201)
})

for (const time of ['2026-01-01T00:00:00Z', '2029-06-01T12:00:00Z', '2060-01-01T00:00:00Z']) {
  test(`sessions open and tokens are created at ${time}, with minted keys too`, async (t) => {
    const emulator = await start(t, { sessionKeys: 'minted' })
    emulator.clock.freeze(time)
    const year = String(new Date(time).getUTCFullYear() + 2)
    for (let session = 0; session < 3; session += 1) {
      const { status, json } = await emulator.control('POST', '/_dev/tokens', {
        expirationYear: year,
      })
      assert.equal(status, 201, JSON.stringify(json))
    }
    await emulator.reset()
    await emulator.flow.redeem(await emulator.flow.openSession())
  })
}

test('the log follows the clock, and warns of it at its change and when it is resumed', async (t) => {
  const lines: string[] = []
  const destination = { write: (line: string): void => void lines.push(line) }
  const emulator = await start(t, {
    openLog: (now) => createLogger({ level: 'info', now, destination }),
    freeze: '2027-01-01T00:00:00Z',
  })
  await emulator.open()
  const entries = lines.map(
    (line) => JSON.parse(line) as { time: string; level: string; msg: string },
  )
  assert.deepEqual([...new Set(entries.map(({ time }) => time))], ['2027-01-01T00:00:00.000Z'])
  assert.match(entries.find(({ level }) => level === 'warn')?.msg ?? '', /^The clock is frozen/)
  await emulator.reset()
  assert.match(lines.at(-1) ?? '', /The clock is the machine's again/)
})

test('the log holds no card number although the emulator shows more', async (t) => {
  const lines: string[] = []
  const destination = { write: (line: string): void => void lines.push(line) }
  const emulator = await start(t, {
    openLog: (now) => createLogger({ level: 'info', now, destination }),
  })
  const { json } = await emulator.control('POST', '/_dev/tokens', { data: CARD })
  assert.ok(json.token)
  assert.ok(lines.length > 0)
  assert.ok(!lines.join('').includes(PAN) && !lines.join('').includes(json.token as string))
})
