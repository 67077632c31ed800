import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { FlexError } from '../../src/client/index.ts'
import { launchUntilReady, makeFolder, run, until } from '../process.ts'
import { DURABLE, hasRedis, startRedis } from '../store/redis-server.ts'
import { makeVault, ORIGIN, serveArgs } from '../vault.ts'
import { createFlow, type Credentials } from './flow.ts'
import { serve, type Ready } from './serving.ts'

test('keys init, merchants add and serve work on Redis, and the log says how durable it is', async (t) => {
  if (!hasRedis(t)) return
  const server = await startRedis([...DURABLE, '--requirepass', 'hunter2'])
  const folder = makeFolder()
  const file = join(folder, 'store.url')
  const url = server.url().replace('//', '//:hunter2@')
  writeFileSync(file, `${url}\n`, { mode: 0o600 })
  const start = { folder, environment: { COATCHECK_STORE_FILE: file } }
  const early = await run(t, ['merchants', 'list'], {
    ...start,
    environment: {
      ...start.environment,
      COATCHECK_ROOT_KEY: Buffer.alloc(32, 7).toString('base64'),
    },
  })
  assert.match(early.stderr, /^coatcheck: There is no store in redis:\/\/127\.0\.0\.1:\d+\/0\.$/m)
  const init = await run(t, ['keys', 'init'], start)
  assert.equal(init.code, 0, init.stderr)
  const again = await run(t, ['keys', 'init'], start)
  assert.match(again.stderr, /^coatcheck: The store in redis:\S+ has keys already\.$/m)
  const added = await run(t, ['merchants', 'add', 'shop-1', '--json'], start)
  const merchant = JSON.parse(added.stdout) as Omit<Credentials, 'url'>
  const pools = ['--pool-target', '2', '--rotated-pool-target', '1', '--workers', '1']
  const ports = ['--port', '0', '--operator-port', '0', '--key-wait-milliseconds', '30000']
  const serving = await launchUntilReady(
    t,
    ['serve', '--origin', ORIGIN, ...ports, ...pools],
    start,
  )
  const { port } = serving.ready as Ready
  const flow = createFlow({ ...merchant, url: `http://127.0.0.1:${port}` }, { origin: ORIGIN })
  const { jti } = await flow.redeem(await flow.openSession())
  const details = await flow.client.getPaymentDetails(jti)
  assert.equal(details.paymentInformation?.card?.expirationYear, '2099')
  serving.kill('SIGTERM')
  const { code, stdout, stderr } = await serving.ended
  assert.equal(code, 0)
  assert.equal(stdout.match(/append-only file, fsync always; no memory limit/g)?.length, 1)
  for (const output of [stdout, stderr, init.stdout, again.stderr, early.stderr]) {
    assert.ok(!output.includes('hunter2'), 'no password is shown')
  }
  await server.kill()
})

test('two replicas share a Redis: a session of one gives its token at the other, and only once', async (t) => {
  if (!hasRedis(t)) return
  const server = await startRedis()
  const vault = await makeVault(100, { tokensPerSession: 1 }, server.url())
  const replicas = await Promise.all(
    [1, 2].map(() => serve(t, vault, { args: ['--workers', '1'] })),
  )
  const [one, two] = replicas
  assert.ok(one !== undefined && two !== undefined)
  const context = await one.flow.openSession()
  const asked = await Promise.allSettled(
    Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? one : two).flow.redeem(context)),
  )
  const given = asked.filter((answer) => answer.status === 'fulfilled')
  assert.equal(given.length, 1)
  for (const answer of asked) {
    if (answer.status === 'fulfilled') continue
    assert.ok(answer.reason instanceof FlexError)
    assert.equal(answer.reason.reason, 'RESOURCE_QUOTA_EXCEEDED')
  }
  const { jti } = given[0]?.value ?? { jti: '' }
  for (const { flow } of replicas) {
    const details = await flow.client.getPaymentDetails(jti)
    assert.equal(details.paymentInformation?.card?.number, 'XXXXXXXXXXXX1111')
  }
  const opened = await Promise.all(
    Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? one : two).flow.openSession()),
  )
  assert.equal(new Set(opened.map(({ claims }) => claims.flx.jwk.kid)).size, 40)
  for (const replica of replicas) replica.kill('SIGTERM')
  await Promise.all(replicas.map(({ ended }) => ended))
  await server.kill()
})

test('while Redis is down serve answers 503 with Retry-After at once, and is back with it, with every token', async (t) => {
  if (!hasRedis(t)) return
  const server = await startRedis()
  const vault = await makeVault(64, {}, server.url())
  const serving = await serve(t, vault, { args: ['--workers', '1'] })
  const { flow, ready } = serving
  const readiness = async (): Promise<number> => (await fetch(`${ready.operatorUrl}/readyz`)).status
  const kept = await flow.redeem(await flow.openSession())
  assert.equal(await readiness(), 200)
  await server.kill()
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const begun = performance.now()
    await assert.rejects(flow.client.getPaymentDetails(kept.jti), (error) => {
      assert.ok(error instanceof FlexError)
      assert.equal(error.status, 503)
      return true
    })
    assert.ok(performance.now() - begun < 1000)
  }
  assert.equal(await readiness(), 503)
  await server.start()
  const back = performance.now()
  await until(
    () =>
      flow.client.getPaymentDetails(kept.jti).then(
        () => true,
        () => false,
      ),
    serving,
  )
  assert.ok(performance.now() - back < 10_000)
  await until(async () => (await readiness()) === 200, serving)
  await flow.redeem(await flow.openSession())
  await server.kill()
})

test('serve and the other commands refuse a Redis that may lose tokens, is not there, or has a wrong URL', async (t) => {
  if (!hasRedis(t)) return
  const server = await startRedis()
  const vault = await makeVault(0, {}, server.url())
  await server.command('CONFIG', 'SET', 'appendfsync', 'everysec')
  for (const [store, says] of [
    [server.url(), /^coatcheck: The Redis server at \S+ does not wait for its disk, .*\.$/m],
    ['redis://:hunter2@127.0.0.1:1', /^coatcheck: The Redis server at \S+ cannot be reached\.$/m],
    [
      'redis://:hunter2@host/?x=1',
      /^coatcheck: The URL of the Redis store has an unknown parameter\.$/m,
    ],
  ] as const) {
    const { code, stdout, stderr } = await run(t, serveArgs({ ...vault, store }))
    assert.deepEqual([code, stdout], [1, ''], stderr)
    assert.match(stderr, says)
    assert.match(stderr, /^coatcheck: \S.*\.\n {2}\S.*\n$/)
    assert.ok(!stderr.includes('hunter2'))
  }
  await server.kill()
})

test('rediss:// speaks TLS to a server whose certificate is trusted, and to no other', async (t) => {
  if (!hasRedis(t)) return
  const folder = makeFolder()
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const request = `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout ${key} -out ${certificate}`
  const name = ['-addext', 'subjectAltName=DNS:localhost']
  const made = spawnSync('openssl', [...request.split(' '), ...name])
  assert.equal(made.status, 0)
  // The plain port is closed: port 0.
  const tls = `--tls-cert-file ${certificate} --tls-key-file ${key} --tls-ca-cert-file ${certificate} --tls-auth-clients no`
  const ports = ['--tls-port', 'PORT', '--port', '0']
  const server = await startRedis([...DURABLE, ...tls.split(' '), ...ports])
  const store = `rediss://localhost:${server.port}`
  const args = ['keys', 'init', '--store', store, '--root-key-file', join(folder, 'root.key')]
  const environment = { NODE_EXTRA_CA_CERTS: certificate }
  const refused = await run(t, args)
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /has a certificate that is not trusted\.\n {2}.*NODE_EXTRA_CA_CERTS/)
  const init = await run(t, args, { environment })
  assert.equal(init.code, 0, init.stderr)
  const elsewhere = args.map((arg) => arg.replace('localhost', '127.0.0.1'))
  assert.match((await run(t, elsewhere, { environment })).stderr, /certificate that is not trusted/)
  await server.kill()
})
