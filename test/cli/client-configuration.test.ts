import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { before, test } from 'node:test'
import {
  clientConfigurations,
  type ClientConfiguration,
} from '../../src/merchant/client-configuration.ts'
import { launchProgram, makeFolder, run, WHOLE_FILE } from '../process.ts'
import { makeVault, type MadeVault } from '../vault.ts'
import { serve } from './serving.ts'

const ORIGIN = 'https://pay.example.com'
const LANGUAGES = ['Node', 'PHP', 'Python', 'Java', '.NET', 'Ruby']

let vault: MadeVault
before(async () => {
  vault = await makeVault(40)
})

function where(): readonly string[] {
  return ['--data', vault.data, '--root-key-file', vault.rootKeyFile]
}

async function configurations(
  args: readonly string[],
  folder = makeFolder(),
): Promise<readonly ClientConfiguration[]> {
  const command = [...args, ...where(), '--origin', ORIGIN, '--json']
  const { code, stdout, stderr } = await run(WHOLE_FILE, command, { folder })
  assert.deepEqual([code, stderr], [0, ''])
  const { clients } = JSON.parse(stdout) as { readonly clients: readonly ClientConfiguration[] }
  return clients
}

test('a new secret comes with the lines of six languages, for HTTP Signature and for JWT', async () => {
  const clients = await configurations(['credentials', 'add', vault.merchantId])
  assert.deepEqual(
    clients.map(({ language, authentication }) => [language, authentication]),
    ['http_signature', 'jwt_shared_secret'].flatMap((way) =>
      LANGUAGES.map((language) => [language, way]),
    ),
  )
  for (const { lines } of clients) assert.ok(lines.some((line) => line.includes(ORIGIN)))
})

test('a new p12 comes with the lines of six languages, which name its folder and file', async () => {
  const folder = makeFolder()
  const args = ['credentials', 'add', vault.merchantId, '--p12', 'shop.p12']
  const clients = await configurations(args, folder)
  assert.deepEqual(
    clients.map(({ language, authentication }) => [language, authentication]),
    LANGUAGES.map((language) => [language, 'jwt_p12']),
  )
  const php = clients.find(({ language }) => language === 'PHP')?.lines.join('\n') ?? ''
  assert.ok(php.includes("setAuthenticationType('JWT');"))
  assert.ok(php.includes(`setKeysDirectory('${folder}/');`), php)
  assert.ok(php.includes("setKeyFileName('shop');"))
})

test('people get the lines as a remark, and are told how to have them name the service', async () => {
  const command = ['merchants', 'add', 'talkative', ...where()]
  const { stdout, stderr } = await run(WHOLE_FILE, command)
  assert.match(stdout, /^merchant {2}talkative\nkey id .*\nsecret .*\n$/)
  assert.match(stderr, /Point an official client here:\n {2}Node, HTTP Signature \(tried\)\n/)
  assert.match(stderr, /_configurationDictionary\.Add\("jwtKeyType", "SHARED_SECRET"\);/)
  assert.match(stderr, /<origin of this service>/)
  assert.match(stderr, /With --origin <https origin> the lines name this service\.\n$/)
})

test('a value cannot leave its quotes', () => {
  const client = { merchantId: 'shop', p12: String.raw`/it's "here"/a.p12`, password: 'a\\' }
  const lines = clientConfigurations(client, 'jwt_p12', ORIGIN).flatMap((each) => each.lines)
  assert.ok(lines.includes(String.raw`keysDirectory: '/it\'s "here"/',`))
  assert.ok(lines.includes(String.raw`props.setProperty("keysDirectory", "/it's \"here\"/");`))
  assert.ok(lines.includes(String.raw`config['key_password'] = 'a\\'`))
})

/** A program that opens a session with the official Node client and nothing but the printed lines. */
function programOf(lines: readonly string[]): string {
  const sdk = createRequire(import.meta.url).resolve('cybersource-rest-client')
  return `
    const sdk = require(${JSON.stringify(sdk)})
    const config = { logConfiguration: { enableLog: false }, ${lines.join('\n')} }
    const request = Object.assign(new sdk.GenerateFlexAPICaptureContextRequest(), {
      fields: { paymentInformation: { card: { number: {} } } },
    })
    new sdk.FlexAPIApi(config, new sdk.ApiClient()).generateFlexAPICaptureContext(
      request,
      (error, data) => console.log(error ? JSON.stringify(error.response?.text ?? error) : data),
    )`
}

test('the official Node client opens a session with the very lines that were printed', async (t) => {
  const { credentials } = await serve(t, vault)
  const clients = [
    ...(await configurations(['credentials', 'add', vault.merchantId])),
    ...(await configurations([
      'credentials',
      'rotate',
      vault.merchantId,
      '--p12',
      'new.p12',
      '--replace',
      vault.keyId,
    ])),
  ].filter(({ language }) => language === 'Node')
  assert.equal(clients.length, 3)
  for (const { authentication, lines } of clients) {
    // The vault's public origin is that of a proxy, which is not there.
    const here = lines.map((line) => line.replace(ORIGIN, credentials.url))
    const { ended } = launchProgram(t, ['node', '-e', programOf(here)])
    assert.match((await ended).stdout, /^eyJ[\w.-]+\n$/, authentication)
  }
})
