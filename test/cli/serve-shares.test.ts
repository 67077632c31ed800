import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { formatShare, parseShare } from '../../src/keys/root-key-share.ts'
import { launch, makeFolder, run, until, waitForOutput, type Running } from '../process.ts'
import { sharedServer } from '../store/postgres-server.ts'
import { makeVault, ORIGIN, serveArgs, type MadeVault } from '../vault.ts'
import { createFlow, isListening, type Flow } from './flow.ts'
import { childrenOf, NO_PROC, readProcess, workersOf, type Ready } from './serving.ts'
import {
  assertHidden,
  IN_SHARES,
  makeSplitVault,
  refuse,
  rewrapToShares,
  secretsOf,
  succeed,
  unlock,
  type SplitVault,
} from './split-vault.ts'

/** Starts `serve` on a split vault and waits until it says that it is locked. */
async function serveLocked(
  t: TestContext,
  vault: SplitVault,
  ...args: readonly string[]
): Promise<Running> {
  const running = launch(t, [...serveArgs(vault), ...IN_SHARES, '--json', ...args])
  await waitForOutput(running, /locked: shares of the root key are needed/)
  return running
}

async function untilReady(
  running: Running,
  vault: MadeVault,
): Promise<{ readonly ready: Ready; readonly flow: Flow }> {
  const [line] = await waitForOutput(running, /^\{"ready":true.*\}$/m)
  const ready = JSON.parse(line) as Ready
  const credentials = { ...vault, url: `http://127.0.0.1:${ready.port}` }
  return { ready, flow: createFlow(credentials, { origin: ORIGIN, timeoutSeconds: 5 }) }
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' ? String(address?.port) : ''
}

test('serve waits for shares by standard input, and nothing that it leaves holds one', async (t) => {
  const vault = await makeSplitVault(t, 8)
  const secrets = await secretsOf(vault)
  const [first, second] = vault.shares
  const [port, operatorPort] = [await freePort(), await freePort()]
  const ports = ['--port', port, '--operator-port', operatorPort]
  const serving = await serveLocked(t, vault, ...ports)
  serving.write(`${first}\n`)
  await waitForOutput(serving, /"share":1,"missing":1,/)
  assert.equal(await isListening(`http://127.0.0.1:${port}`), false)
  assert.equal(await isListening(`http://127.0.0.1:${operatorPort}`), false)
  assert.deepEqual(childrenOf(serving.pid), [])
  serving.write(`\n${second}\n`)
  const { flow } = await untilReady(serving, vault)
  const { jti } = await flow.redeem(await flow.openSession())
  assert.ok(jti)
  assert.equal(serving.output.stdout.match(/"locked: shares/g)?.length, 1)
  assertHidden('the log', serving.output.stdout + serving.output.stderr, secrets)
  const files = readdirSync(vault.data)
  assert.ok(files.includes('coatcheck.db'))
  for (const file of files) assertHidden(file, readFileSync(join(vault.data, file)), secrets)
  assert.throws(() => assertHidden('a share', first, secrets), /holds a secret/)
})

test('no process of an unlocked serve shows a share to others', { skip: NO_PROC }, async (t) => {
  const vault = await makeSplitVault(t, 8)
  const secrets = await secretsOf(vault)
  const serving = await serveLocked(t, vault)
  serving.write(`${vault.shares[2]}\n${vault.shares[0]}\n`)
  await untilReady(serving, vault)
  const pids = [serving.pid, ...childrenOf(serving.pid).map(({ pid }) => pid)]
  assert.ok(pids.length >= 3)
  for (const pid of pids) {
    assertHidden('the environment', readProcess(pid, 'environ'), secrets)
    assertHidden('the command line', readProcess(pid, 'cmdline'), secrets)
  }
})

test('keys unlock gives shares one by one, and says what is wrong with one', async (t) => {
  const vault = await makeSplitVault(t, 8)
  const other = await makeSplitVault(t, 0)
  const [first, second, third] = vault.shares
  const serving = await serveLocked(t, vault)
  const socket = join(vault.data, 'unlock.sock')
  assert.equal(statSync(socket).mode & 0o777, 0o600)
  const said = await succeed(unlock(t, vault, third))
  assert.equal(said, 'Share 3 of 3 is taken; 1 more share is needed.\n')
  const cases: readonly (readonly [string, RegExp])[] = [
    ['hello', /^coatcheck: That is no share of a root key\.\n {2}Give it whole, as/],
    [
      `${first.slice(0, -1)}${first.endsWith('0') ? '1' : '0'}`,
      /^coatcheck: That share is mistyped/,
    ],
    [third, /^coatcheck: Share 3 of 3 was given already\.\n.*those that were taken stay\.\n/],
    [other.shares[0], /^coatcheck: That share is of another root key than that of this store\.\n/],
    ['', /^coatcheck: No share was given\.\n/],
  ]
  for (const [share, says] of cases) {
    const refused = await refuse(unlock(t, vault, share))
    assert.match(refused, says)
    assertHidden('the refusal', refused, await secretsOf(vault))
  }
  const last = await succeed(unlock(t, vault, second))
  assert.equal(last, 'Share 2 of 3 is taken; none is needed any more.\n')
  const { flow } = await untilReady(serving, vault)
  await flow.openSession()
  assert.equal(existsSync(socket), false)
  assert.match(
    await refuse(unlock(t, vault, first)),
    /^coatcheck: No vault waits for shares on .*unlock\.sock\.\n {2}Start "coatcheck serve/,
  )
})

test('a worker that dies gets the root key from the primary', { skip: NO_PROC }, async (t) => {
  const vault = await makeSplitVault(t, 8)
  const serving = await serveLocked(t, vault, '--port', await freePort())
  serving.write(`${vault.shares[1]}\n${vault.shares[2]}\n`)
  const { flow, ready } = await untilReady(serving, vault)
  const before = workersOf(serving.pid)
  assert.equal(before.length, 2)
  for (const worker of before) process.kill(worker, 'SIGKILL')
  await until(() => workersOf(serving.pid).every((worker) => !before.includes(worker)), serving)
  const isReady = async (): Promise<boolean> => (await fetch(ready.operatorUrl + '/readyz')).ok
  await until(() => workersOf(serving.pid).length === 2 && isReady(), serving)
  await flow.redeem(await flow.openSession())
  const metrics = await (await fetch(`${ready.operatorUrl}/metrics`)).text()
  assert.match(metrics, /^coatcheck_http_responses_total\{.*status="201"/m)
  serving.kill('SIGTERM')
  assert.equal((await serving.ended).code, 0)
})

test('shares that join to a wrong key are forgotten, and the right ones open the vault', async (t) => {
  const vault = await makeSplitVault(t, 8)
  const [first, second] = vault.shares
  const { set } = parseShare(first)
  const forged = formatShare({ set, number: 3, key: createSecretKey(randomBytes(33)) }).reveal()
  const serving = await serveLocked(t, vault)
  await succeed(unlock(t, vault, forged))
  assert.match(
    await refuse(unlock(t, vault, first)),
    /^coatcheck: The shares do not join to the root key of this store: .*\n {2}All were forgotten: give 2/,
  )
  assert.match(await succeed(unlock(t, vault, first)), /1 more share is needed\.\n$/)
  await succeed(unlock(t, vault, second))
  const { flow } = await untilReady(serving, vault)
  await flow.openSession()
})

test('a locked serve takes the shares of a root key that has replaced the one it waited for', async (t) => {
  const vault = await makeSplitVault(t, 8)
  const serving = await serveLocked(t, vault)
  await succeed(unlock(t, vault, vault.shares[0]))
  const shares = await rewrapToShares(t, vault, { args: IN_SHARES, shares: vault.shares })
  const old = await refuse(unlock(t, vault, vault.shares[1]))
  assert.match(old, /^coatcheck: That share is of another root key than that of this store\.\n/)
  assert.match(await succeed(unlock(t, vault, shares[1])), /1 more share is needed\.\n$/)
  await succeed(unlock(t, vault, shares[2]))
  const { flow } = await untilReady(serving, vault)
  await flow.openSession()
})

test('a locked serve ends at a signal and takes its socket along; one that was killed leaves it to the next', async (t) => {
  const vault = await makeSplitVault(t, 0)
  const socket = join(vault.data, 'unlock.sock')
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const serving = await serveLocked(t, vault)
    serving.kill(signal)
    assert.equal((await serving.ended).code, 0)
    assert.equal(existsSync(socket), false)
  }
  const killed = await serveLocked(t, vault)
  const second = await refuseServe(t, vault)
  assert.match(second, /^coatcheck: Another process takes shares on .*unlock\.sock, or something/m)
  killed.kill('SIGKILL')
  await killed.ended
  assert.equal(existsSync(socket), true)
  await serveLocked(t, vault)
  await succeed(unlock(t, vault, vault.shares[0]))
  const nowhere = await refuseServe(t, vault, '--unlock-socket', '/not/there/unlock.sock')
  assert.match(nowhere, /cannot be made\.\n {2}Name one in a folder of yours/)
})

async function refuseServe(
  t: TestContext,
  vault: MadeVault,
  ...args: readonly string[]
): Promise<string> {
  const { code, stderr } = await run(t, [...serveArgs(vault), ...IN_SHARES, ...args])
  assert.equal(code, 1)
  return stderr
}

test('each replica on PostgreSQL is unlocked by itself', async (t) => {
  const vault = await makeSplitVault(t, 16, await (await sharedServer()).createDatabase())
  const [first, second, third] = vault.shares
  const socket = join(makeFolder(), 'unlock.sock')
  const one = await serveLocked(t, vault)
  const two = await serveLocked(t, vault, '--unlock-socket', socket)
  one.write(`${first}\n${second}\n`)
  const { flow } = await untilReady(one, vault)
  const context = await flow.openSession()
  for (const share of [third, first]) {
    const input = `${share}\n`
    await succeed(run(t, ['keys', 'unlock', '--unlock-socket', socket], { input }))
  }
  const other = await untilReady(two, vault)
  assert.ok((await other.flow.redeem(context)).jti)
})

test('serve asks for no share in vain', async (t) => {
  const vault = await makeSplitVault(t, 0)
  const origin = await refuseServe(t, vault, '--origin', 'http://pay.example.com')
  assert.match(origin, /^coatcheck: The public origin is not an https origin/m)
  const whole = await refuseServe(t, await makeVault(0))
  assert.match(
    whole,
    /^coatcheck: The root key of this store is not split in shares\.\n {2}Say where/,
  )
  const COATCHECK_ROOT_KEY = randomBytes(32).toString('base64')
  const args = ['keys', 'list', '--data', vault.data, ...IN_SHARES]
  const two = await refuse(run(t, args, { environment: { COATCHECK_ROOT_KEY } }))
  assert.match(two, /^coatcheck: The root key is in the environment, and rootKeyIn says shares\.\n/)
})
