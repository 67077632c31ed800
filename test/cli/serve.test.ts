import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, test } from 'node:test'
import { FlexError } from '../../src/client/index.ts'
import { launchUntilReady, makeFolder, run, until, WHOLE_FILE } from '../process.ts'
import { makeVault, ORIGIN } from '../vault.ts'
import {
  beginSession,
  CARD,
  createFlow,
  isListening,
  type Credentials,
  type Flow,
  type Redeemed,
} from './flow.ts'
import {
  childrenOf,
  NO_PROC,
  readProcess,
  serve,
  workersOf,
  type Ready,
  type Serving,
} from './serving.ts'

// Of the tests that leave it as it is.
let shared: Serving
before(async () => {
  shared = await serve(WHOLE_FILE, await makeVault(256))
})

test('keys init, merchants add and serve are all it takes to create a token', async (t) => {
  const folder = makeFolder()
  const init = await run(t, ['keys', 'init'], { folder })
  assert.equal(init.code, 0, init.stderr)
  const added = await run(t, ['merchants', 'add', 'shop-1', '--json'], { folder })
  const merchant = JSON.parse(added.stdout) as Omit<Credentials, 'url'>
  const pools = ['--pool-target', '2', '--rotated-pool-target', '1']
  // The helper that mints runs when nobody else wants to.
  const patience = ['--key-wait-milliseconds', '30000']
  const args = [
    'serve',
    '--origin',
    ORIGIN,
    '--port',
    '0',
    '--operator-port',
    '0',
    ...pools,
    ...patience,
  ]
  const running = await launchUntilReady(t, args, { folder })
  const { origin, port } = running.ready as Ready
  assert.equal(origin, ORIGIN)
  const url = `http://127.0.0.1:${port}`
  const flow = createFlow({ ...merchant, url }, { origin: ORIGIN })
  const context = await flow.openSession()
  assert.equal(context.claims.flx.origin, ORIGIN)
  const { jti, token } = await flow.redeem(context)
  const byId = await flow.client.getPaymentDetails(jti)
  assert.deepEqual(await flow.client.getPaymentDetails(token), byId)
  assert.equal(byId.paymentInformation?.card?.number, 'XXXXXXXXXXXX1111')
  assert.equal(JSON.stringify(byId).includes(CARD.number), false)
})

const PROTECTED = 'no process of serve can be opened to a debugger, or leaves a core file'
test(PROTECTED, { skip: NO_PROC }, async (t) => {
  // Started with the flag, but without the limit; and so many keys to mint that the helper stays.
  const nodeOptions = ['--disable-sigusr1', '--max-semi-space-size=8']
  const args = ['--pool-target', '1000']
  const serving = await serve(t, await makeVault(8), { nodeOptions, args })
  const { pid } = serving
  const children = await until(() => {
    const found = childrenOf(pid)
    return found.some(({ command }) => command.includes('mint-session-keys')) && found
  }, serving)
  assert.ok(children.length >= 3)
  const primary = { pid, command: readProcess(pid, 'cmdline') }
  assert.match(primary.command, / --max-semi-space-size=8 /)
  for (const child of [primary, ...children]) {
    assert.match(child.command, / --disable-sigusr1 /)
    assert.match(readProcess(child.pid, 'limits'), /^Max core file size +0 +0 /m)
  }
})

test('the operators’ endpoints are on their own listener only, and nothing of the emulator is anywhere', async () => {
  const { credentials, ready } = shared
  const statusOf = async (url: string): Promise<number> => (await fetch(url)).status
  for (const path of ['/healthz', '/readyz', '/metrics', '/openapi.json']) {
    assert.equal(await statusOf(ready.operatorUrl + path), 200, path)
    assert.equal(await statusOf(credentials.url + path), 404, path)
  }
  for (const path of ['/_dev/clock', '/console/', '/flex/v2/sessions', '/.well-known/jwks.json']) {
    assert.equal(await statusOf(ready.operatorUrl + path), 404, path)
  }
  for (const path of ['/_dev/clock', '/console/', '/pts/v2/payments']) {
    assert.equal(await statusOf(credentials.url + path), 404, path)
  }
})

test('serve explains a refusal in its log, never in the reply', async () => {
  const { url } = shared.credentials
  const authorization = `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`
  const replies = await Promise.all([
    fetch(`${url}/flex/v2/sessions`, { method: 'POST', body: '{}' }),
    fetch(`${url}/flex/v2/sessions`, { method: 'POST', body: '{}', headers: { authorization } }),
    fetch(`${url}/flex/v2/tokens`, { method: 'POST', body: 'no JWE' }),
    fetch(`${url}/flex/v2/public-keys/zz`),
    fetch(`${url}/no/such/path`),
  ])
  const statuses = replies.map(({ status }) => status)
  assert.deepEqual(statuses, [401, 401, 400, 404, 404])
  for (const reply of replies) {
    const body = (await reply.json()) as Record<string, unknown>
    assert.equal('coatcheck' in body, false)
    assert.match(reply.headers.get('v-c-correlation-id') ?? '', /^[0-9a-f-]{36}$/)
  }
  const log = (): string => shared.output.stdout
  await until(() => log().includes('"reason":"TOKEN_UNREADABLE"'), shared)
  await until(() => log().includes('"reason":"NO_CREDENTIALS"'), shared)
})

test('serve accepts numbers that dev refuses, and gives one token a session', async () => {
  const { flow } = shared
  const context = await flow.openSession()
  await flow.redeem(context, { number: '4532015112830366' })
  await assert.rejects(flow.redeem(context), (error) => {
    assert.ok(error instanceof FlexError)
    return error.reason === 'RESOURCE_QUOTA_EXCEEDED'
  })
})

test('the metrics of all workers are summed up', async () => {
  const { credentials, ready } = shared
  const metrics = async (): Promise<string> => (await fetch(`${ready.operatorUrl}/metrics`)).text()
  const opened = async (): Promise<number> => {
    const line = /^coatcheck_http_responses_total\{.*sessions".*status="201"\} (\d+)$/m
    return Number(line.exec(await metrics())?.[1] ?? 0)
  }
  const first = await opened()
  // At the same moment, so that each has a connection of its own; the workers take them in turns.
  const begun = await Promise.all(Array.from({ length: 12 }, () => beginSession(credentials)))
  for (const { finish } of begun) assert.equal((await finish()).status, 201)
  await until(async () => (await opened()) === first + 12, shared)
  assert.match(await metrics(), /^coatcheck_pool_onetime_keys \d+$/m)
  assert.match(await metrics(), /^coatcheck_session_keys_ready \d+$/m)
})

async function attempt({ openSession, redeem }: Flow): Promise<Redeemed | undefined> {
  try {
    return await redeem(await openSession())
  } catch {
    return undefined
  }
}

test(
  'a worker that is killed is replaced, and the service goes on',
  {
    skip: NO_PROC,
  },
  async (t) => {
    const serving = await serve(t, await makeVault(256))
    const { pid, flow } = serving
    const [victim = 0, survivor = 0] = workersOf(pid)
    process.kill(victim, 'SIGKILL')
    const { operatorUrl } = serving.ready
    // The primary must not fall over a worker that it does not yet know to be gone.
    for (let look = 0; look < 3; look += 1) {
      assert.equal((await fetch(`${operatorUrl}/metrics`)).status, 200)
    }
    // What is in the hands of the killed worker, or on the way to it, is lost.
    const impatient = createFlow(serving.credentials, { origin: ORIGIN, timeoutSeconds: 1 })
    const { jti } = await until(() => attempt(impatient), serving)
    await flow.client.getPaymentDetails(jti)
    await until(() => {
      const workers = workersOf(pid)
      return workers.length === 2 && workers.includes(survivor)
    }, serving)
    const [line = ''] = /^.*"a worker ended and is replaced".*$/m.exec(serving.output.stdout) ?? []
    const { code, signal } = JSON.parse(line) as Record<string, unknown>
    assert.deepEqual([code, signal], [null, 'SIGKILL'])
    for (let request = 0; request < 8; request += 1) await flow.redeem(await flow.openSession())
  },
)

async function readiness({ ready }: Serving): Promise<number> {
  const reply = await fetch(`${ready.operatorUrl}/readyz`)
  await reply.arrayBuffer()
  return reply.status
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`serve is not ready while it drains after ${signal}, finishes what was begun and exits with 0`, async (t) => {
    const serving = await serve(t, await makeVault(64))
    assert.equal(await readiness(serving), 200)
    const { credentials } = serving
    const begun = await Promise.all(Array.from({ length: 4 }, () => beginSession(credentials)))
    serving.kill(signal)
    await until(async () => !(await isListening(credentials.url)), serving)
    assert.equal(await readiness(serving), 503)
    for (const { finish } of begun) assert.equal((await finish()).status, 201)
    const answeredAt = performance.now()
    const { code, signal: killedBy } = await serving.ended
    assert.deepEqual([code, killedBy], [0, null], serving.output.stderr)
    // A request times out after 10 s, and stopping after 15.
    assert.ok(performance.now() - answeredAt < 8000, 'it waits for nothing else')
  })
}

test('after SIGTERM serve is not ready but accepts for its drain, even when every process of it is told', async (t) => {
  const serving = await serve(t, await makeVault(64), { args: ['--drain-milliseconds', '1500'] })
  const toldAt = performance.now()
  process.kill(-serving.pid, 'SIGTERM')
  await until(async () => (await readiness(serving)) === 503, serving)
  await serving.flow.redeem(await serving.flow.openSession())
  const { code } = await serving.ended
  assert.equal(code, 0)
  assert.ok(performance.now() - toldAt >= 1500)
})

test('a SIGINT after SIGTERM ends the drain at once', async (t) => {
  const serving = await serve(t, await makeVault(64), { args: ['--drain-milliseconds', '60000'] })
  serving.kill('SIGTERM')
  await until(async () => (await readiness(serving)) === 503, serving)
  serving.kill('SIGINT')
  assert.equal((await serving.ended).code, 0)
})

test('a root key from the environment opens the vault and is printed nowhere', async (t) => {
  const vault = await makeVault(8)
  const rootKey = readFileSync(vault.rootKeyFile, 'utf8').trim()
  const unnamed = { ...vault, rootKeyFile: '' }
  const serving = await serve(t, unnamed, { environment: { COATCHECK_ROOT_KEY: rootKey } })
  await serving.flow.redeem(await serving.flow.openSession())
  serving.kill('SIGTERM')
  const { code, stdout, stderr } = await serving.ended
  assert.equal(code, 0)
  assert.equal((stdout + stderr).includes(rootKey), false)
})
