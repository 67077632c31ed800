import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { connect } from 'node:tls'
import { requireProgram } from '../certificates/folder.ts'
import { get, trust } from '../https.ts'
import {
  launch,
  launchProgram,
  launchUntilReady,
  makeFolder,
  run,
  until,
  waitForOutput,
  type Running,
  type Start,
} from '../process.ts'
import { beginSession, createFlow, isListening, type Credentials } from './flow.ts'

const PORTS = ['--port', '0', '--https-port', '0']
const KEY_PATH = '/flex/v2/public-keys/dv'

interface Ready extends Credentials {
  readonly httpsUrl: string
  readonly ca: string
}

async function startDev(
  t: TestContext,
  args: readonly string[] = ['--ephemeral'],
  start: Start = {},
): Promise<Running & { readonly ready: Ready }> {
  const dev = await launchUntilReady(t, ['dev', ...PORTS, ...args], start)
  return { ...dev, ready: dev.ready as Ready }
}

async function stop(dev: Running): Promise<void> {
  dev.kill('SIGTERM')
  assert.equal((await dev.ended).code, 0, dev.output.stderr)
}

function readAuthority({ ca }: Ready): string {
  return readFileSync(ca, 'utf8')
}

test('dev serves http and https at once, and a session names the address on which it was opened', async (t) => {
  const { ready } = await startDev(t)
  assert.match(ready.httpsUrl, /^https:\/\/127\.0\.0\.1:\d+$/)
  trust(readAuthority(ready))
  for (const url of [ready.url, ready.httpsUrl]) {
    const flow = createFlow({ ...ready, url })
    const context = await flow.openSession()
    assert.equal(context.claims.flx.origin, url)
    const { jti } = await flow.redeem(context)
    await flow.client.getPaymentDetails(jti)
  }
})

test('dev speaks https as localhost too, and none of it unless asked', async (t) => {
  const { ready } = await startDev(t)
  const { port } = new URL(ready.httpsUrl)
  const url = `https://localhost:${port}${KEY_PATH}`
  assert.equal((await get(url, readAuthority(ready))).status, 200)
  const plain = await launchUntilReady(t, ['dev', '--port', '0', '--ephemeral'])
  assert.equal('httpsUrl' in (plain.ready as Ready) || 'ca' in (plain.ready as Ready), false)
})

test('dev writes where https is, and what to trust, into the credentials', async (t) => {
  const folder = makeFolder()
  const { ready } = await startDev(t, ['--ephemeral', '--credentials', 'flex.json'], { folder })
  const { httpsUrl, ca } = JSON.parse(readFileSync(join(folder, 'flex.json'), 'utf8')) as Ready
  assert.equal(httpsUrl, ready.httpsUrl)
  assert.equal(ca, join(folder, 'flex.json.ca.pem'))
  assert.equal((await get(httpsUrl + KEY_PATH, readAuthority(ready))).status, 200)
})

test('the other commands reach dev over https once they are told of its authority, and say so before', async (t) => {
  const { ready } = await startDev(t, ['--ephemeral', '--credentials', 'flex.json'])
  const folder = dirname(ready.ca)
  const args = ['token', '--url', ready.httpsUrl, '--credentials', 'flex.json']
  const distrusting = await run(t, args, { folder })
  assert.equal(distrusting.code, 1)
  assert.match(
    distrusting.stderr,
    /UNABLE_TO_VERIFY_LEAF_SIGNATURE.*\n {2}Set NODE_EXTRA_CA_CERTS /,
  )
  const environment = { NODE_EXTRA_CA_CERTS: ready.ca }
  const { code, stdout, stderr } = await run(t, args, { folder, environment })
  assert.equal(code, 0, stderr)
  assert.equal(stdout.trim().split('.').length, 3)
})

test('the authority of a run that keeps nothing is gone with it', async (t) => {
  const dev = await startDev(t)
  assert.ok(existsSync(dev.ready.ca))
  await stop(dev)
  assert.equal(existsSync(dirname(dev.ready.ca)), false)
})

test('the key of the authority is written nowhere', async (t) => {
  const folder = makeFolder()
  const { ready } = await startDev(t, [], { folder })
  const data = join(folder, '.coatcheck')
  assert.equal(ready.ca, join(data, 'ca.pem'))
  const authority = new X509Certificate(readAuthority(ready))
  assert.equal(readAuthority(ready).includes('PRIVATE'), false)
  const withKeys = readdirSync(data).filter((name) =>
    readFileSync(join(data, name), 'latin1').includes('PRIVATE KEY'),
  )
  assert.deepEqual(withKeys, ['https.pem'])
  const server = join(data, 'https.pem')
  assert.equal(authority.checkPrivateKey(createPrivateKey(readFileSync(server))), false)
  assert.equal(statSync(server).mode & 0o777, 0o600)
})

test('clients that trust the authority of a data folder do so after a restart, and those of another never', async (t) => {
  const folder = makeFolder()
  const first = await startDev(t, [], { folder })
  const ca = readAuthority(first.ready)
  await stop(first)
  const second = await startDev(t, [], { folder })
  assert.equal(readAuthority(second.ready), ca)
  assert.equal((await get(second.ready.httpsUrl + KEY_PATH, ca)).status, 200)
  const other = await startDev(t)
  await assert.rejects(get(other.ready.httpsUrl + KEY_PATH, ca), {
    code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  })
  await stop(second)

  // What does not fit together is made anew.
  writeFileSync(join(folder, '.coatcheck/ca.pem'), readAuthority(other.ready))
  const third = await startDev(t, [], { folder })
  const mended = readAuthority(third.ready)
  assert.ok(mended !== ca && mended !== readAuthority(other.ready))
  assert.equal((await get(third.ready.httpsUrl + KEY_PATH, mended)).status, 200)
})

test('a kept key that others can read is refused, with the command that mends it', async (t) => {
  const folder = makeFolder()
  const first = await startDev(t, [], { folder })
  const ca = readAuthority(first.ready)
  await stop(first)
  const file = join(folder, '.coatcheck/https.pem')
  chmodSync(file, 0o640)
  const refused = await run(t, ['dev', ...PORTS], { folder })
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /https\.pem can be read by others\.\n.*chmod 600 .*https\.pem/)
  chmodSync(file, 0o600)
  const second = await startDev(t, [], { folder })
  assert.equal(readAuthority(second.ready), ca)
})

test('dev finishes the request in flight over TLS on SIGTERM and waits for nothing else', async (t) => {
  const dev = await startDev(t)
  const { httpsUrl } = dev.ready
  const ca = readAuthority(dev.ready)
  const idle = connect({ port: Number(new URL(httpsUrl).port), host: '127.0.0.1', ca })
  idle.on('error', () => undefined).resume()
  await once(idle, 'secureConnect')
  const unfinished = await beginSession({ ...dev.ready, url: httpsUrl }, { ca })
  dev.kill('SIGTERM')
  await until(async () => !(await isListening(httpsUrl)), dev)
  assert.equal((await unfinished.finish()).status, 201)
  const answeredAt = performance.now()
  assert.equal((await dev.ended).code, 0)
  assert.ok(performance.now() - answeredAt < 3000)
})

test('dev says in a sentence that its https port is in use, and what a port is', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? String(address?.port) : ''
  const dev = ['dev', '--ephemeral', '--port', '0', '--https-port']
  const inUse = await run(t, [...dev, port])
  assert.equal(inUse.code, 1)
  assert.equal(
    inUse.stderr,
    `coatcheck: Port ${port} of 127.0.0.1 is in use.\n  Stop the other program, or name another port with --https-port (0 takes a free one).\n`,
  )
  const wrong = await run(t, [...dev, '70000'])
  assert.equal(wrong.code, 2)
  assert.match(wrong.stderr, /'--https-port <port>'.* It must be a whole number from 0 to 65535\./)
})

/** Starts dev for people, in a folder whose name a shell would take apart, and returns the lines it shows. */
async function showLines(t: TestContext): Promise<{
  readonly dev: Running
  readonly url: string
  lineFor(client: string): string
}> {
  const data = join(makeFolder(), "a shop's data")
  const dev = launch(t, ['dev', ...PORTS, '--data', data])
  await waitForOutput(dev, /^Ctrl-C stops it\.$/m)
  const { stdout } = dev.output
  const url = /^It listens on (https:\/\/127\.0\.0\.1:\d+) too/m.exec(stdout)?.[1] ?? ''
  const lineFor = (client: string): string =>
    new RegExp(`^  ${client.replace('.', String.raw`\.`)} +(\\S.*)$`, 'm').exec(
      stdout.slice(stdout.indexOf('Let one process trust')),
    )?.[1] ?? ''
  return { dev, url, lineFor }
}

test('dev shows a line by which one process of each client trusts it; those of Node and curl do as they say', async (t) => {
  const { dev, url, lineFor } = await showLines(t)
  for (const client of ['Node', 'PHP', 'Python', 'Java', '.NET', 'Ruby', 'curl']) {
    assert.match(lineFor(client), /ca\.pem/, client)
  }
  const script = `fetch('${url}${KEY_PATH}').then((reply) => console.log(reply.status))`
  const viaShell = (line: string): Promise<{ readonly stdout: string }> =>
    launchProgram(t, ['sh', '-c', line]).ended
  const byNode = await viaShell(`${lineFor('Node').replace('…', '')} -e "${script}"`)
  assert.equal(byNode.stdout.trim(), '200')

  if (!requireProgram(t, 'curl')) return
  const options = "--noproxy '*' -s -o /dev/null -w '%{http_code}'"
  const byCurl = await viaShell(`${lineFor('curl').replace('…', '')} ${options} ${url}${KEY_PATH}`)
  assert.equal(byCurl.stdout, '200')
  const distrusting = await viaShell(`curl ${options} ${url}${KEY_PATH}`)
  assert.equal(distrusting.stdout, '000')
  await waitForOutput(
    dev,
    /^ +no TLS connection: the client does not trust the authority of the certificate$/m,
  )
})
