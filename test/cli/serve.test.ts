import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { FlexError } from '../../src/client/index.ts'
import { launchUntilReady, makeFolder, run, until, type Running, type Start } from '../process.ts'
import { makeVault, ORIGIN, serveArgs, type MadeVault } from '../vault.ts'
import {
  beginSession,
  CARD,
  createFlow,
  isListening,
  type Credentials,
  type Flow,
  type Redeemed,
} from './flow.ts'

interface Ready {
  readonly origin: string
  readonly host: string
  readonly port: number
  readonly operatorUrl: string
}

interface Serving extends Running {
  readonly ready: Ready
  readonly credentials: Credentials
  readonly flow: Flow
}

/** Starts a vault and its merchant's flow. */
async function serve(t: TestContext, vault: MadeVault, start: Start = {}): Promise<Serving> {
  const running = await launchUntilReady<Ready>(t, serveArgs(vault), start)
  const credentials = { ...vault, url: `http://127.0.0.1:${running.ready.port}` }
  return {
    ...running,
    credentials,
    flow: createFlow(credentials, { origin: ORIGIN, timeoutSeconds: 5 }),
  }
}

/** The processes that a process has started: workers, and the helper that mints. */
function childrenOf(pid: number): readonly { readonly pid: number; readonly command: string }[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  return children
    .filter((child) => child !== '')
    .map((child) => ({ pid: Number(child), command: readProcess(Number(child), 'cmdline') }))
}

function workersOf(pid: number): readonly number[] {
  return childrenOf(pid)
    .filter(({ command }) => command.includes('coatcheck.js'))
    .map((child) => child.pid)
}

function readProcess(pid: number, file: 'cmdline' | 'limits'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

async function attempt(flow: Flow): Promise<Redeemed | undefined> {
  try {
    return await flow.redeem(await flow.openSession())
  } catch {
    return undefined
  }
}

async function readiness({ ready }: Serving): Promise<number> {
  const reply = await fetch(`${ready.operatorUrl}/readyz`)
  await reply.arrayBuffer()
  return reply.status
}

test('keys init, merchants add and serve are all it takes to create a token', async (t) => {
  const folder = makeFolder()
  const init = await run(t, ['keys', 'init'], { folder })
  assert.equal(init.code, 0, init.stderr)
  const added = await run(t, ['merchants', 'add', 'shop-1', '--json'], { folder })
  const merchant = JSON.parse(added.stdout) as Omit<Credentials, 'url'>
  const pools = ['--pool-target', '2', '--rotated-pool-target', '1', '--workers', '2']
  const args = ['serve', '--origin', ORIGIN, '--port', '0', '--operator-port', '0', ...pools]
  const { ready } = await launchUntilReady<Ready>(t, args, { folder })
  assert.equal(ready.origin, ORIGIN)
  const flow = createFlow(
    { ...merchant, url: `http://127.0.0.1:${ready.port}` },
    { origin: ORIGIN },
  )
  const context = await flow.openSession()
  assert.equal(context.claims.flx.origin, ORIGIN)
  const { jti, token } = await flow.redeem(context)
  const byId = await flow.client.getPaymentDetails(jti)
  assert.deepEqual(await flow.client.getPaymentDetails(token), byId)
  const { number } = byId.paymentInformation?.card ?? {}
  assert.equal(JSON.stringify(number).includes(CARD.number), false)
})

test('no process of serve can be opened to a debugger, or leaves a core file', async (t) => {
  const vault = await makeVault(0)
  const { pid } = await serve(t, vault)
  const processes = [{ pid, command: readProcess(pid, 'cmdline') }, ...childrenOf(pid)]
  // The primary, two workers, and the helper that fills the empty pool.
  assert.ok(processes.length >= 4, `${processes.length} processes`)
  for (const process of processes) {
    assert.match(process.command, / --disable-sigusr1 /)
    assert.match(readProcess(process.pid, 'limits'), /^Max core file size +0 +0 /m)
  }
})

test('the operators’ endpoints are on their own listener only, and nothing of the emulator is anywhere', async (t) => {
  const { credentials, ready } = await serve(t, await makeVault(8))
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

test('serve explains a refusal in its log, never in the reply', async (t) => {
  const serving = await serve(t, await makeVault(8))
  const { url } = serving.credentials
  const authorization = `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`
  const replies = await Promise.all([
    fetch(`${url}/flex/v2/sessions`, { method: 'POST', body: '{}' }),
    fetch(`${url}/flex/v2/sessions`, { method: 'POST', body: '{}', headers: { authorization } }),
    fetch(`${url}/flex/v2/tokens`, { method: 'POST', body: 'no JWE' }),
    fetch(`${url}/flex/v2/public-keys/zz`),
    fetch(`${url}/no/such/path`),
  ])
  assert.deepEqual(
    replies.map(({ status }) => status),
    [401, 401, 400, 404, 404],
  )
  for (const reply of replies) {
    const body = (await reply.json()) as Record<string, unknown>
    assert.equal('coatcheck' in body, false)
    assert.match(reply.headers.get('v-c-correlation-id') ?? '', /^[0-9a-f-]{36}$/)
  }
  // Workers write their log in batches.
  await until(() => serving.output.stdout.includes('"reason":"TOKEN_UNREADABLE"'), serving)
})

test('serve accepts numbers that dev refuses, one token a session', async (t) => {
  const { flow } = await serve(t, await makeVault(8))
  const context = await flow.openSession()
  await flow.redeem(context, { number: '4532015112830366' })
  await assert.rejects(flow.redeem(context), (error) => {
    assert.ok(error instanceof FlexError)
    return error.reason === 'RESOURCE_QUOTA_EXCEEDED'
  })
})

test('the metrics of all workers are summed up', async (t) => {
  const serving = await serve(t, await makeVault(64))
  const { credentials, ready } = serving
  // At the same moment, so that each has a connection of its own; the workers take them in turns.
  const begun = await Promise.all(Array.from({ length: 12 }, () => beginSession(credentials)))
  for (const { finish } of begun) assert.equal((await finish()).status, 201)
  const counted = /^coatcheck_http_responses_total\{.*sessions".*status="201"\} 12$/m
  await until(
    async () => counted.test(await (await fetch(`${ready.operatorUrl}/metrics`)).text()),
    serving,
  )
  const metrics = await (await fetch(`${ready.operatorUrl}/metrics`)).text()
  assert.match(metrics, /^coatcheck_pool_onetime_keys \d+$/m)
  assert.match(metrics, /^coatcheck_session_keys_ready \d+$/m)
})

test('a worker that is killed is replaced, and the service goes on', async (t) => {
  const serving = await serve(t, await makeVault(256))
  const { pid, flow } = serving
  const [victim = 0, survivor] = workersOf(pid)
  process.kill(victim, 'SIGKILL')
  const { jti } = await until(
    // What was in the hands of the killed worker, or on the way to it, is lost.
    async () => attempt(flow),
    serving,
  )
  await flow.client.getPaymentDetails(jti)
  await until(() => {
    const workers = workersOf(pid)
    return workers.length === 2 && !workers.includes(victim) && workers.includes(survivor ?? 0)
  }, serving)
  await until(() => /"msg":"a worker ended and is replaced"/.test(serving.output.stdout), serving)
  for (let request = 0; request < 8; request += 1) await flow.redeem(await flow.openSession())
})

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
    assert.ok(performance.now() - answeredAt < 3000, 'it waits for nothing else')
  })
}

test('a root key from the environment opens the vault and is printed nowhere', async (t) => {
  const vault = await makeVault(8)
  const rootKey = readFileSync(vault.rootKeyFile, 'utf8').trim()
  const elsewhere = { ...vault, rootKeyFile: 'not-there.key' }
  const serving = await serve(t, elsewhere, { environment: { COATCHECK_ROOT_KEY: rootKey } })
  await serving.flow.redeem(await serving.flow.openSession())
  for (const pid of [serving.pid, ...workersOf(serving.pid)]) {
    assert.equal(readProcess(pid, 'cmdline').includes(rootKey), false)
  }
  serving.kill('SIGTERM')
  const { code, stdout, stderr } = await serving.ended
  assert.equal(code, 0)
  assert.equal((stdout + stderr).includes(rootKey), false)
})
