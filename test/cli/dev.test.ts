import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readCertificate } from '../../src/certificates/read-certificate.ts'
import { readP12 } from '../../src/certificates/read-p12.ts'
import { FlexError } from '../../src/client/index.ts'
import { systemClock } from '../../src/clock-and-random.ts'
import {
  launch,
  launchProgram,
  launchUntilReady,
  makeFolder,
  PROJECT,
  run,
  until,
  waitForOutput,
  type Running,
  type Start,
} from '../process.ts'
import { beginSession, createFlow, isListening, type Credentials } from './flow.ts'

const SELF_TEST = [
  'session',
  'verify capture context',
  'token',
  'verify transient token',
  'payment details',
]

interface Ready extends Credentials {
  readonly selfTest: readonly string[]
}

/** Starts the emulator on a free port and returns it with its credentials. */
async function startDev(
  t: TestContext,
  args: readonly string[] = ['--ephemeral'],
  start: Start = {},
): Promise<Running & { readonly ready: Ready }> {
  const dev = await launchUntilReady(t, ['dev', '--port', '0', ...args], start)
  return { ...dev, ready: dev.ready as Ready }
}

test('dev is ready after its self-test, and writes the credentials for scripts to read alone', async (t) => {
  const folder = makeFolder()
  const file = join(folder, 'flex.json')
  // A file that anybody may read, left by somebody else.
  writeFileSync(file, 'old', { mode: 0o644 })
  const { ready } = await startDev(t, ['--ephemeral', '--credentials', file], { folder })
  assert.deepEqual(ready.selfTest, SELF_TEST)
  const { url, merchantId, keyId, secret } = ready
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
  const p12 = { file: `${file}.p12`, password: merchantId }
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), {
    url,
    merchantId,
    keyId,
    secret,
    p12,
    certificateSerialNumber: '4010000000000000000001',
    mleCertificate: `${file}.mle.pem`,
    releaseKey: `${file}.release.pem`,
  })
  for (const path of [file, p12.file]) assert.equal(statSync(path).mode & 0o777, 0o600)
})

test('dev makes its certificate anew at every start, under the same key id, and none without being asked', async (t) => {
  const folder = makeFolder()
  const serialNumbers: (string | undefined)[] = []
  for (const name of ['flex.json', 'flex.json', 'other.json']) {
    const dev = await startDev(t, ['--credentials', name], { folder })
    const { certificatePem } = readP12(readFileSync(join(folder, `${name}.p12`)), {
      password: dev.ready.merchantId,
    })
    serialNumbers.push(readCertificate(certificatePem, systemClock).serialNumber)
    dev.kill('SIGTERM')
    assert.equal((await dev.ended).code, 0)
  }
  assert.deepEqual(new Set(serialNumbers), new Set(['4010000000000000000001']))
  const { ready } = await startDev(t)
  assert.equal('p12' in ready, false)
})

test('dev is ready soon after its start', async (t) => {
  const startedAt = performance.now()
  await startDev(t, ['--ephemeral'], { environment: { NODE_DISABLE_COMPILE_CACHE: '1' } })
  const milliseconds = performance.now() - startedAt
  t.diagnostic(`ready ${Math.round(milliseconds)} ms after the start of Node`)
  assert.ok(milliseconds < 15_000)
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`dev finishes the request in flight on ${signal} and exits with 0`, async (t) => {
    const dev = await startDev(t)
    const { url } = dev.ready
    const unfinished = await beginSession(dev.ready)
    dev.kill(signal)
    await until(async () => !(await isListening(url)), dev)
    const { status, body } = await unfinished.finish()
    assert.equal(status, 201)
    assert.equal(body.split('.').length, 3)
    const answeredAt = performance.now()
    const { code, signal: killedBy } = await dev.ended
    assert.deepEqual([code, killedBy], [0, null])
    assert.ok(performance.now() - answeredAt < 3000, 'it waits for nothing else')
  })
}

test('a SIGTERM to npm start reaches dev, which exits with 0', async (t) => {
  const cache = makeFolder()
  const command = ['npm', 'start', '--prefix', PROJECT, '--']
  const npm = launchProgram(t, [...command, '--port', '0', '--ephemeral', '--json'], {
    environment: { npm_config_cache: cache, npm_config_update_notifier: 'false' },
  })
  const [line] = await waitForOutput(npm, /^\{"ready":true.*\}$/m)
  const { url } = JSON.parse(line) as Ready
  npm.kill('SIGTERM')
  const { code } = await npm.ended
  assert.equal(code, 0, npm.output.stderr)
  assert.equal(await isListening(url), false)
})

test('dev keeps its signing key, its merchant and open sessions in its data folder', async (t) => {
  const folder = makeFolder()
  const first = await startDev(t, [], { folder })
  const flow = createFlow(first.ready)
  const context = await flow.openSession()
  const { jti } = await flow.redeem(await flow.openSession())
  first.kill('SIGTERM')
  assert.equal((await first.ended).code, 0)

  const { port } = new URL(first.ready.url)
  const second = await startDev(t, ['--port', port], { folder })
  assert.deepEqual(second.ready, first.ready)
  const { kid } = JSON.parse(
    Buffer.from(context.jwt.split('.')[0] ?? '', 'base64url').toString(),
  ) as { readonly kid: string }
  assert.equal(kid, 'dv')
  await flow.redeem(context)
  const details = await flow.client.getPaymentDetails(jti)
  assert.ok(details)
})

test('dev keeps a new data folder out of version control and leaves one that is there alone', async (t) => {
  const folder = makeFolder()
  const made = await startDev(t, ['--data', 'made'], { folder })
  assert.equal(readFileSync(join(folder, 'made/.gitignore'), 'utf8'), '*\n')
  made.kill('SIGTERM')
  await made.ended
  writeFileSync(join(folder, '.gitignore'), 'node_modules\n')
  await startDev(t, ['--data', '.'], { folder })
  assert.equal(readFileSync(join(folder, '.gitignore'), 'utf8'), 'node_modules\n')
})

test('dev says in a sentence that its port is in use, and ends', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? String(address?.port) : ''
  const { code, stdout, stderr } = await run(t, ['dev', '--ephemeral', '--port', port])
  assert.equal(code, 1)
  assert.equal(stdout, '')
  assert.equal(
    stderr,
    `coatcheck: Port ${port} of 127.0.0.1 is in use.\n  Stop the other program, or name another port with --port (0 takes a free one).\n`,
  )
})

test('dev says in a sentence that the credentials cannot be written', async (t) => {
  const args = [
    'dev',
    '--port',
    '0',
    '--ephemeral',
    '--credentials',
    'no/such/folder.json',
    '--json',
  ]
  const { code, stderr } = await run(t, args)
  assert.equal(code, 1)
  const { error } = JSON.parse(stderr) as { readonly error: { readonly problem: string } }
  assert.equal(error.problem, 'The credentials cannot be written to no/such/folder.json.')
})

test('dev shows people its address, its merchant, a line for each language and every refusal', async (t) => {
  const dev = launch(t, ['dev', '--port', '0', '--ephemeral'])
  await waitForOutput(dev, /^Ctrl-C stops it\.$/m)
  const { stdout } = dev.output
  const url = /^Coatcheck dev listens on (http:\/\/127\.0\.0\.1:\d+)$/m.exec(stdout)?.[1] ?? ''
  const read = (name: string): string =>
    new RegExp(`^ +${name} +(\\S+)$`, 'm').exec(stdout)?.[1] ?? ''
  const credentials = {
    url,
    merchantId: read('merchant'),
    keyId: read('key id'),
    secret: read('secret'),
  }
  // On a small terminal the end of it is what is seen; and nobody asked for the requests of the self-test.
  assert.ok(stdout.indexOf(url) > 0 && stdout.lastIndexOf(url) > stdout.indexOf('Ruby ('))
  assert.doesNotMatch(stdout, /POST \/flex/)
  await createFlow(credentials).openSession()
  await waitForOutput(dev, /^\d\d:\d\d:\d\d 201 POST \/flex\/v2\/sessions [\d.]+ ms$/m)
  for (const language of ['Node', 'PHP', 'Python', 'Java', '.NET', 'Ruby']) {
    assert.ok(stdout.includes(`\n  ${language} (`), language)
  }
  assert.equal(stdout.split(url).length - 1, 7)
  assert.match(stdout, /^Self-test passed: session → .* → payment details$/m)

  const wrong = createFlow({ ...credentials, secret: 'c29tZXRoaW5nIGVsc2U=' })
  await assert.rejects(wrong.openSession())
  await waitForOutput(dev, /^ +AUTHENTICATION_FAILED: The signature is not that of the string/m)
})

test('dev answers operators on its own listener', async (t) => {
  const { ready } = await startDev(t)
  const get = async (path: string): Promise<Response> => fetch(ready.url + path)
  assert.deepEqual(await (await get('/healthz')).json(), { alive: true })
  const readiness = await get('/readyz')
  assert.equal(readiness.status, 200)
  assert.equal(((await readiness.json()) as { ready: boolean }).ready, true)
  const metrics = await (await get('/metrics')).text()
  assert.match(
    metrics,
    /^coatcheck_http_responses_total\{route="\/flex\/v2\/sessions",method="POST",status="201"\} 1$/m,
  )
  const document = (await (await get('/openapi.json')).json()) as Record<string, object>
  assert.ok('/flex/v2/sessions' in (document['paths'] ?? {}))
})

test('dev refuses a card that is no published test card, and says why', async (t) => {
  const { ready } = await startDev(t)
  const flow = createFlow(ready)
  const context = await flow.openSession()
  // Valid by its check digit, and published by nobody.
  const refused = flow.redeem(context, { number: '4532015112830366' })
  await assert.rejects(refused, (error) => {
    assert.ok(error instanceof FlexError)
    assert.equal(error.reason, 'VALIDATION_ERROR')
    const [detail] = error.details
    assert.equal(detail?.location, 'captureData.paymentInformation.card.number')
    assert.match(detail.message, /^Only published test card numbers are accepted in dev mode/)
    return true
  })
})
