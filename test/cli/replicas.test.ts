import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { FlexError, type VerifiedCaptureContext } from '../../src/client/index.ts'
import { launchUntilReady, makeFolder, run, until, WHOLE_FILE, type Ended } from '../process.ts'
import { sharedServer, startPostgres } from '../store/postgres-server.ts'
import { makeVault, ORIGIN, serveArgs, type MadeVault } from '../vault.ts'
import { createFlow, type Credentials } from './flow.ts'
import { serve, type Ready, type Serving } from './serving.ts'

const LONGEST_RECOVERY_MILLISECONDS = 10_000

async function makeDatabaseVault(pooledKeys: number): Promise<MadeVault> {
  const address = await (await sharedServer()).createDatabase()
  return makeVault(pooledKeys, { tokensPerSession: 1 }, address)
}

// Three replicas, one of them with two workers.
let vault: MadeVault
let replicas: readonly Serving[]
before(async () => {
  vault = await makeDatabaseVault(400)
  replicas = await Promise.all(
    ['2', '1', '1'].map((workers) => serve(WHOLE_FILE, vault, { args: ['--workers', workers] })),
  )
})

function replica(index: number): Serving {
  const chosen = replicas[index % replicas.length]
  assert.ok(chosen)
  return chosen
}

test('a session is opened at one replica, used at another, and its token read at a third', async () => {
  for (let first = 0; first < 6; first += 1) {
    const context = await replica(first).flow.openSession()
    const { jti } = await replica(first + 1).flow.redeem(context)
    const details = await replica(first + 2).flow.client.getPaymentDetails(jti)
    assert.equal(details.paymentInformation?.card?.number, 'XXXXXXXXXXXX1111')
  }
})

test('of many tokens that are asked for at all replicas at once, a session gives one', async () => {
  const context = await replica(0).flow.openSession()
  const asked = await Promise.allSettled(
    Array.from({ length: 12 }, (_, index) => replica(index).flow.redeem(context)),
  )
  const refused = asked.filter((answer) => answer.status === 'rejected')
  assert.equal(asked.length - refused.length, 1)
  for (const { reason } of refused) {
    assert.ok(reason instanceof FlexError)
    assert.equal(reason.reason, 'RESOURCE_QUOTA_EXCEEDED')
  }
})

test('no session key is issued twice, whichever replica is asked', async () => {
  const opened = await Promise.all(
    Array.from({ length: 120 }, (_, index) => replica(index).flow.openSession()),
  )
  const kids = opened.map(({ claims }) => claims.flx.jwk.kid)
  assert.equal(new Set(kids).size, kids.length)
})

test('a credential that is revoked by a command is refused by every replica within 10 seconds', async (t) => {
  const { store, rootKeyFile, keyId } = vault
  const args = ['credentials', 'revoke', keyId, '--store', store, '--root-key-file', rootKeyFile]
  const { code, stderr } = await run(t, args)
  assert.equal(code, 0, stderr)
  const revoked = performance.now()
  for (const serving of replicas) {
    await until(() => isRefused(serving), serving)
  }
  assert.ok(performance.now() - revoked < 10_000)
  for (const serving of replicas) serving.kill('SIGTERM')
})

async function isRefused({ flow }: Serving): Promise<boolean> {
  try {
    await flow.openSession()
    return false
  } catch (error) {
    assert.ok(error instanceof FlexError)
    return error.status === 401
  }
}

test('keys init, merchants add and serve work on a database whose address stands in a file', async (t) => {
  const folder = makeFolder()
  const address = await (await sharedServer()).createDatabase()
  const file = join(folder, 'store.url')
  writeFileSync(file, `${address}\n`, { mode: 0o600 })
  const start = { folder, environment: { COATCHECK_STORE_FILE: file } }
  const init = await run(t, ['keys', 'init'], start)
  assert.equal(init.code, 0, init.stderr)
  assert.ok(!init.stdout.includes('postgres@'), 'the user is not shown')
  const again = await run(t, ['keys', 'init'], start)
  assert.match(
    again.stderr,
    /^coatcheck: The store in postgres:\S+ has keys already\.\n.*--store\.$/m,
  )
  const added = await run(t, ['merchants', 'add', 'shop-1', '--json'], start)
  const merchant = JSON.parse(added.stdout) as Omit<Credentials, 'url'>
  const pools = ['--pool-target', '2', '--rotated-pool-target', '1', '--workers', '1']
  const patience = ['--key-wait-milliseconds', '30000']
  const ports = ['--port', '0', '--operator-port', '0']
  const args = ['serve', '--origin', ORIGIN, ...ports, ...pools, ...patience]
  const running = await launchUntilReady(t, args, start)
  const { port } = running.ready as Ready
  const flow = createFlow({ ...merchant, url: `http://127.0.0.1:${port}` }, { origin: ORIGIN })
  const { jti } = await flow.redeem(await flow.openSession())
  const details = await flow.client.getPaymentDetails(jti)
  assert.equal(details.paymentInformation?.card?.expirationYear, '2099')
  running.kill('SIGTERM')
  assert.equal((await running.ended).code, 0)
})

/** Asks for a token as a shopper does; gives the status, `Retry-After` and how long it took. */
async function post(
  { credentials }: Serving,
  context: VerifiedCaptureContext,
): Promise<{ readonly status: number; readonly retryAfter: string | null; readonly took: number }> {
  const begun = performance.now()
  const { kid } = context.claims.flx.jwk
  const header = Buffer.from(JSON.stringify({ alg: 'RSA-OAEP', enc: 'A256GCM', kid }))
  const parts = [header, ...[256, 12, 40, 16].map((length) => Buffer.alloc(length, 1))]
  const reply = await fetch(`${credentials.url}/flex/v2/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/jwt' },
    body: parts.map((part) => part.toString('base64url')).join('.'),
  })
  await reply.arrayBuffer()
  const retryAfter = reply.headers.get('retry-after')
  return { status: reply.status, retryAfter, took: performance.now() - begun }
}

test('while the database is down serve answers 503 with Retry-After at once, and is back with it', async (t) => {
  const server = await startPostgres()
  const made = await makeVault(64, {}, await server.createDatabase())
  const serving = await serve(t, made, { args: ['--workers', '1'] })
  const { flow, ready } = serving
  const readiness = async (): Promise<number> => (await fetch(`${ready.operatorUrl}/readyz`)).status
  const context = await flow.openSession()
  const kept = await flow.redeem(await flow.openSession())
  assert.equal(await readiness(), 200)
  await server.stop()
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const { status, retryAfter, took } = await post(serving, context)
    assert.deepEqual([status, retryAfter], [503, '1'])
    assert.ok(took < 1000, `it took ${took} ms`)
  }
  assert.equal(await readiness(), 503)
  await server.start()
  const back = performance.now()
  await until(
    () =>
      flow.redeem(context).then(
        () => true,
        () => false,
      ),
    serving,
  )
  assert.ok(performance.now() - back < LONGEST_RECOVERY_MILLISECONDS)
  assert.equal(await readiness(), 200)
  await flow.client.getPaymentDetails(kept.jti)
})

/** Asserts that a command was refused with a sentence and its remedy, and returns the sentence. */
function refusal({ code, stdout, stderr }: Ended, expected = 1): string {
  assert.equal(code, expected, stderr)
  assert.equal(stdout, '')
  assert.match(stderr, /^coatcheck: \S.*\.\n {2}\S.*\n$/)
  assert.ok(!stderr.includes('hunter2'), 'no password is shown')
  return stderr
}

const WRONG: readonly {
  readonly title: string
  readonly store: string
  readonly code?: number
  readonly says: RegExp
}[] = [
  {
    title: 'a server that is not there',
    store: 'postgres://shop:hunter2@127.0.0.1:1/coatcheck',
    says: /^coatcheck: postgres:\/\/127\.0\.0\.1:1\/coatcheck cannot be reached\.$/m,
  },
  {
    title: 'a scheme that no engine has',
    store: 'mysql://shop:hunter2@127.0.0.1/coatcheck',
    code: 2,
    says: /^coatcheck: The setting store .* is not sqlite, or a URL such as postgres:/m,
  },
  {
    title: 'text that is no address',
    store: 'hunter2',
    code: 2,
    says: /^coatcheck: The setting store .* is not sqlite, or a URL such as postgres:/m,
  },
]

for (const { title, store, code, says } of WRONG) {
  test(`serve and the other commands refuse ${title}`, async (t) => {
    for (const args of [
      ['keys', 'init'],
      ['merchants', 'list'],
      ['serve', '--origin', ORIGIN],
    ]) {
      assert.match(refusal(await run(t, [...args, '--store', store]), code), says)
    }
  })
}

test('serve refuses a database without a store, a store file that others read, and a store named twice', async (t) => {
  const folder = makeFolder()
  const address = await (await sharedServer()).createDatabase()
  const file = join(folder, 'store.url')
  writeFileSync(file, address)
  chmodSync(file, 0o644)
  const init = await run(t, ['keys', 'list', '--store-file', file], { folder })
  assert.match(refusal(init), /^coatcheck: The store file \S+ can be read by others\.$/m)
  chmodSync(file, 0o600)
  const twice = ['keys', 'list', '--store-file', file, '--store', address]
  assert.match(refusal(await run(t, twice, { folder })), /^coatcheck: The store is named twice/m)
  const key = { environment: { COATCHECK_ROOT_KEY: Buffer.alloc(32, 7).toString('base64') } }
  const missing = refusal(await run(t, ['keys', 'list', '--store-file', file], { folder, ...key }))
  assert.match(
    missing,
    /^coatcheck: There is no store in postgres:\/\/127\.0\.0\.1:\d+\/test_\d+\.$/m,
  )
})

test('serve refuses a server that would lose what it acknowledged', async (t) => {
  const server = await startPostgres()
  const made = await makeVault(0, {}, await server.createDatabase())
  await server.administer('ALTER SYSTEM SET fsync = off', 'SELECT pg_reload_conf()')
  await sleep(200)
  const refused = refusal(await run(t, serveArgs(made)))
  assert.match(refused, /^coatcheck: postgres:\S+ runs with fsync off: /m)
})
