import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { before, test, type TestContext } from 'node:test'
import { createMerchantP12 } from '../../src/certificates/create-merchant-p12.ts'
import { systemClock, systemRandom } from '../../src/clock-and-random.ts'
import {
  launchProgram,
  launchUntilReady,
  makeFolder,
  until,
  WHOLE_FILE,
  type Running,
} from '../process.ts'
import {
  clientEnvironment,
  p12Environment,
  parseNested,
  type CertifiedCredentials,
} from './emulator.ts'

// The official Node client, unmodified, in each of the ways in which a developer gets it wrong at first.

const CLIENT = join(import.meta.dirname, 'node-client.cjs')
const OTHER_CLOCK = join(import.meta.dirname, 'other-clock.cjs')
const WRONG_SECRET = 'd3Jvbmcgc2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXM='

type Environment = Readonly<Record<string, string>>
type Told = Readonly<Record<string, unknown>>

let emulator: CertifiedCredentials
let running: Running
before(async () => {
  const args = ['dev', '--port', '0', '--ephemeral', '--credentials', 'flex.json']
  const { ready, ...rest } = await launchUntilReady(WHOLE_FILE, args)
  emulator = ready as CertifiedCredentials
  running = rest
})

/** Has the client refused; returns why, as the reply says it, after the log has said the same. */
async function refuse(environment: Environment): Promise<Told> {
  const common = { ...clientEnvironment(emulator), ...p12Environment(emulator.p12), OP: 'flex' }
  const { code, stderr } = await launchProgram(
    WHOLE_FILE,
    ['node', '--require', OTHER_CLOCK, CLIENT],
    { environment: { ...common, EXPECT_STATUS: '401', ...environment } },
  ).ended
  assert.equal(code, 0, stderr)
  const { error } = JSON.parse(stderr) as {
    readonly error: { readonly text: string; readonly headers: Environment }
  }
  const { response, coatcheck } = parseNested(error.text)
  assert.deepEqual(response, { rmsg: 'Authentication Failed' })
  const told = coatcheck as Told
  const logged = await until(() => loggedFor(error.headers['v-c-correlation-id'] ?? ''), running)
  assert.equal(logged['reason'], told['reason'])
  assert.equal(logged['mistake'], told['mistake'])
  return told
}

/** The explanation that was logged for a correlation id. */
function loggedFor(correlationId: string): Told | undefined {
  const line = running.output.stdout
    .split('\n')
    .find((each) => each.includes(correlationId) && each.includes('"explanation"'))
  if (line === undefined) return undefined
  return (JSON.parse(line) as { readonly explanation: Told }).explanation
}

/** A proxy that changes one letter of every body; returns its address. */
async function startMeddler(t: TestContext): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    void buffer(incoming).then(async (body) => {
      const { url = '', method, headers } = incoming
      const forwarded = httpRequest(emulator.url + url, { method, headers })
      forwarded.end(body.toString('latin1').replace('"number"', '"numbed"'), 'latin1')
      const [reply] = (await once(forwarded, 'response')) as [IncomingMessage]
      outgoing.writeHead(reply.statusCode ?? 502, reply.headers)
      outgoing.end(await buffer(reply))
    })
  })
  t.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

for (const AUTH of ['http_signature', 'jwt_shared_secret']) {
  test(`${AUTH}: a wrong secret is called one`, async () => {
    const told = await refuse({ AUTH, SECRET: WRONG_SECRET })
    assert.equal(told['reason'], 'WRONG_SIGNATURE')
    assert.match(
      String(told['mistake']),
      /^Probably a wrong secret|^The secret is not the one of this/,
    )
    assert.equal(told['keyId'], emulator.keyId)
  })

  test(`${AUTH}: an unknown key id is called one`, async () => {
    const told = await refuse({ AUTH, KEY_ID: '11111111-2222-4333-8444-555555555555' })
    assert.equal(told['reason'], 'UNKNOWN_KEY_ID')
    assert.match(String(told['message']), /^No credential has this key id: take the one that was/)
  })

  test(`${AUTH}: a secret in the place of the key id is not repeated, and called one`, async () => {
    const told = await refuse({ AUTH, KEY_ID: emulator.secret, SECRET: WRONG_SECRET })
    assert.match(String(told['mistake']), /key id and secret are probably swapped/)
    assert.ok(!JSON.stringify(told).includes(emulator.secret))
  })

  test(`${AUTH}: the key of another merchant is called that`, async () => {
    const told = await refuse({ AUTH, MERCHANT_ID: 'othermid' })
    assert.equal(told['reason'], 'OTHER_MERCHANT')
    assert.match(String(told['message']), /belongs to another merchant than the request names/)
    assert.deepEqual([told['merchantId'], told['keyId']], ['othermid', emulator.keyId])
  })
}

const CLOCKS: readonly (readonly [seconds: number, words: RegExp])[] = [
  [-18_000, /^5 hours behind: a whole number of hours, so probably a time zone bug/],
  [19_800, /^5 hours 30 minutes ahead: as far as a time zone/],
  [-1200, /^20 minutes behind$/],
]

for (const AUTH of ['http_signature', 'jwt_shared_secret', 'jwt_p12']) {
  for (const [seconds, words] of CLOCKS) {
    test(`${AUTH}: a clock that is ${seconds} seconds off is told how far`, async () => {
      const told = await refuse({ AUTH, CLOCK_SHIFT_SECONDS: String(seconds) })
      assert.equal(told['reason'], 'CLOCK_DIFFERS')
      assert.match(String(told['clockDifference']), words)
      assert.match(String(told['message']), /set the clock, or the time zone, of the client/)
    })
  }

  test(`${AUTH}: a body that was changed after signing is told so`, async (t) => {
    const told = await refuse({ AUTH, BASE: await startMeddler(t) })
    assert.equal(told['reason'], 'DIGEST_OF_ANOTHER_BODY')
    assert.match(String(told['message']), /another body than the one received, which was changed/)
    assert.notEqual(told['expected'], told['received'])
  })
}

test('jwt_p12: a certificate that nobody has registered is called an unknown key', async () => {
  const { merchantId } = emulator
  const needs = { now: systemClock, random: systemRandom, password: merchantId }
  const { p12 } = await createMerchantP12({ merchantId, serialNumber: '4711', ...needs })
  const file = join(makeFolder(), 'unknown.p12')
  writeFileSync(file, p12)
  const environment = p12Environment({ file, password: merchantId })
  const told = await refuse({ AUTH: 'jwt_p12', ...environment })
  assert.deepEqual([told['reason'], told['keyId']], ['UNKNOWN_KEY_ID', '4711'])
})

for (const SDK of ['client-0.0.80', 'client-0.0.75', 'client-0.0.61']) {
  test(`${SDK}, which dates a request twice, is recognised by name`, async () => {
    const told = await refuse({ SDK, AUTH: 'http_signature', DATES_TWICE: '1' })
    assert.equal(told['reason'], 'WRONG_SIGNATURE')
    assert.match(
      String(told['mistake']),
      /^The date was computed twice, .* before 0\.0\.82 .* update/,
    )
    const { line } = told['firstDifference'] as { readonly line: number }
    assert.equal(line, 2)
  })
}
