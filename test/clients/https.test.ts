import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { createLocalAuthority } from '../../src/certificates/local-authority.ts'
import { verifyCaptureContext } from '../../src/client/index.ts'
import { systemClock, systemRandom } from '../../src/clock-and-random.ts'
import { createFlow } from '../cli/flow.ts'
import { trust } from '../https.ts'
import { requirePeer } from '../peers.ts'
import {
  launchProgram,
  launchUntilReady,
  makeFolder,
  WHOLE_FILE,
  type Ended,
  type Running,
} from '../process.ts'
import { NODE_CLIENTS, type NodeClient } from './compatibility.ts'
import { clientEnvironment, p12Environment, type CertifiedCredentials } from './emulator.ts'

const NODE_CLIENT = join(import.meta.dirname, 'node-client.cjs')
const PHP_CLIENT = join(import.meta.dirname, 'client.php')

interface SecureCredentials extends CertifiedCredentials {
  readonly httpsUrl: string
  readonly ca: string
}

interface Emulator extends SecureCredentials {
  readonly output: Running['output']
}

type Environment = Readonly<Record<string, string>>

/** Starts `coatcheck dev --https` with what any client needs. */
async function startSecureEmulator(): Promise<Emulator> {
  const args = ['dev', '--port', '0', '--https-port', '0', '--ephemeral']
  const running = await launchUntilReady(WHOLE_FILE, [...args, '--credentials', 'flex.json'])
  return { ...(running.ready as SecureCredentials), output: running.output }
}

let emulator: Emulator
let another: Emulator
before(async () => {
  emulator = await startSecureEmulator()
  another = await startSecureEmulator()
  // For our own client, which creates the tokens.
  trust(readFileSync(emulator.ca, 'utf8'))
})

/** Where the official clients are told to call: by their run environment alone, as they call their vendor. */
function directly({ httpsUrl, ca }: SecureCredentials): Environment {
  const RUN_ENVIRONMENT = new URL(httpsUrl).host
  return { BASE: httpsUrl, RUN_ENVIRONMENT, VIA: 'direct', NODE_EXTRA_CA_CERTS: ca }
}

function callNode({ package: SDK }: NodeClient, environment: Environment): Promise<Ended> {
  const common = { ...clientEnvironment(emulator), ...p12Environment(emulator.p12), SDK }
  return launchProgram(WHOLE_FILE, ['node', NODE_CLIENT], {
    environment: { ...common, ...environment },
  }).ended
}

/** As {@link callNode}, but a client that dates a request twice may try again. */
async function callPatiently(client: NodeClient, environment: Environment): Promise<string> {
  const first = await callNode(client, environment)
  const isMishap = client.datesTwice && first.stderr.includes('WRONG_SIGNATURE')
  const { code, stdout, stderr } = isMishap ? await callNode(client, environment) : first
  assert.equal(code, 0, stderr)
  return stdout.trim()
}

for (const client of NODE_CLIENTS) {
  const { version, authenticates, parsesContexts, details } = client
  const [OP = ''] = details.toReversed()

  for (const { authentication: AUTH } of authenticates) {
    test(`Node client ${version} opens a session and reads its token back over https, with ${AUTH}`, async () => {
      const { httpsUrl: url } = emulator
      const environment = { ...directly(emulator), AUTH }
      const jwt = await callPatiently(client, { ...environment, OP: 'flex' })
      const context = await verifyCaptureContext(jwt, { origins: [url], publicKeyOrigin: url })
      assert.equal(context.claims.flx.origin, url)
      const { token } = await createFlow({ ...emulator, url }).redeem(context, {
        securityCode: '123',
      })
      const shown = await callPatiently(client, { ...environment, OP, REF: token })
      assert.equal(shown.includes('XXXXXXXXXXXX1111'), true)
    })
  }

  test(`Node client ${version} does not call an emulator whose authority is of another run`, async () => {
    const distrusting = { ...directly(another), NODE_EXTRA_CA_CERTS: emulator.ca, OP: 'flex' }
    const { code, stderr } = await callNode(client, distrusting)
    assert.equal(code, 1)
    // Until 0.0.81 it falls over any connection that fails, before it can say so.
    assert.match(stderr, /unable to verify the first certificate|undefined \(reading 'data'\)/i)
    // Its own self-test over http, and nothing else.
    assert.equal(another.output.stdout.split('"route":"/flex/v2/sessions"').length - 1, 1)
  })

  if (!parsesContexts) continue
  for (const way of ['https', 'plain http'] as const) {
    test(`the utility of Node client ${version} verifies a capture context over https, when calls go over ${way}`, async () => {
      const { url: BASE, ca: NODE_EXTRA_CA_CERTS } = emulator
      const { RUN_ENVIRONMENT = '' } = directly(emulator)
      const byIntermediateHost = { BASE, RUN_ENVIRONMENT, NODE_EXTRA_CA_CERTS }
      const environment = way === 'https' ? directly(emulator) : byIntermediateHost
      const options = { ...environment, AUTH: 'jwt_p12', OP: 'flex', PARSE: '1' }
      const { code, stderr } = await callNode(client, options)
      assert.equal(code, 0, stderr)
      const parsed: unknown = JSON.parse(/^parsed: (.*)$/m.exec(stderr)?.[1] ?? '')
      assert.equal((parsed as { readonly iss: string }).iss, 'Flex API')
    })
  }

  test(`the utility of Node client ${version} takes no key from a host that it does not trust`, async () => {
    const impostor = await startImpostor()
    const RUN_ENVIRONMENT = `127.0.0.1:${(impostor.address() as AddressInfo).port}`
    const { url: BASE, ca: NODE_EXTRA_CA_CERTS } = emulator
    const options = { BASE, RUN_ENVIRONMENT, NODE_EXTRA_CA_CERTS, AUTH: 'jwt_p12', PARSE: '1' }
    const { code, stderr } = await callNode(client, options)
    impostor.close()
    assert.equal(code, 1)
    assert.match(stderr, /^parseCaptureContextResponse: Error while trying to retrieve public key/m)
  })
}

/** A server that would say anything, with a certificate of an authority of its own. */
async function startImpostor(): Promise<Server> {
  const needs = { now: systemClock, random: systemRandom }
  const { certificatePem: cert, keyPem: key } = await createLocalAuthority({
    hosts: ['127.0.0.1'],
    ...needs,
  })
  const server = createServer({ cert, key }, (_, response) => response.end('{}'))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return server
}

function hasPhp(t: TestContext): boolean {
  const { status } = spawnSync('php', ['-r', `exit(extension_loaded('curl') ? 0 : 1);`])
  const howToInstall = 'apt-get install php-cli php-curl'
  return requirePeer(t, 'PHP with curl', { found: status === 0, howToInstall })
}

test('a client that signs as the official PHP client does calls over https, when curl.cainfo names the authority', async (t) => {
  if (!hasPhp(t)) return
  const { httpsUrl: url, ca } = emulator
  const call = (options: readonly string[]): Promise<Ended> =>
    launchProgram(t, ['php', ...options, PHP_CLIENT], {
      folder: makeFolder(),
      environment: clientEnvironment({ ...emulator, url }),
    }).ended
  const { code, stdout, stderr } = await call(['-d', `curl.cainfo=${ca}`])
  assert.equal(code, 0, stderr + stdout)
  await verifyCaptureContext(stdout, { origins: [url], publicKeyOrigin: url })
  const distrusting = await call([])
  assert.equal(distrusting.code, 1)
  assert.match(distrusting.stderr, /SSL certificate problem/)
})
