import assert from 'node:assert/strict'
import { createPublicKey, X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { signCertificate } from '../../src/certificates/sign-certificate.ts'
import { systemRandom } from '../../src/clock-and-random.ts'
import { BUNDLED_KEYS } from '../flow.ts'
import { makeFolder, run, WHOLE_FILE, type Ended } from '../process.ts'
import { makeVault } from '../vault.ts'
import { serve } from './serving.ts'

const folder = makeFolder()

/** Writes the certificate of somebody to whom cards may be released. */
function writeCertificate(name: string, notAfter: Date): void {
  const [privateKey] = BUNDLED_KEYS
  assert.ok(privateKey)
  const subject = { commonName: 'psp' }
  const notBefore = new Date('2020-01-01')
  const publicKey = createPublicKey(privateKey)
  const draft = { subject, publicKey, notBefore, notAfter, extensions: [] }
  const pem = signCertificate(draft, { name: subject, privateKey }, systemRandom)
  writeFileSync(join(folder, name), pem)
}

before(async () => {
  await run(WHOLE_FILE, ['keys', 'init'], { folder })
  writeCertificate('psp.pem', new Date('2099-01-01'))
  writeCertificate('old.pem', new Date('2021-01-01'))
  for (const id of ['shop', 'strict']) await inFolder(WHOLE_FILE, `merchants add ${id}`)
})

function inFolder(t: Pick<TestContext, 'after'>, command: string): Promise<Ended> {
  return run(t, command.split(' '), { folder })
}

async function show(t: TestContext, id: string): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await inFolder(t, `merchants show ${id} --json`)
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as Record<string, unknown>
}

const ALL =
  '--session-keys rotated --tokens-per-session 3 --attempts-per-session 7 --session-seconds 600 --token-seconds 300 --uses-per-token 2 --page-origins https://a.example.com,https://b.example.com:8443 --release-certificate psp.pem --entitled yes --jwt-v1 yes'

const VALUES = {
  sessionKeys: 'rotated',
  tokensPerSession: 3,
  attemptsPerSession: 7,
  sessionSeconds: 600,
  tokenSeconds: 300,
  usesPerToken: 2,
  pageOrigins: ['https://a.example.com', 'https://b.example.com:8443'],
  entitled: true,
  jwtV1: true,
}

test('merchants add takes every setting, and merchants show prints them', async (t) => {
  const added = await inFolder(t, `merchants add whole ${ALL}`)
  assert.equal(added.code, 0, added.stderr)
  const { releaseCertificate, defaults, credentials, createdAt, ...shown } = await show(t, 'whole')
  assert.deepEqual(shown, { id: 'whole', ...VALUES })
  assert.match(new X509Certificate(String(releaseCertificate)).subject, /CN=psp/)
  assert.deepEqual(defaults, [])
  assert.equal(typeof createdAt, 'number')
  const [credential] = credentials as readonly { readonly allows: object }[]
  assert.deepEqual(credential?.allows, { jwtV1: true, undated: false, merchants: [] })
  const forPeople = await inFolder(t, 'merchants show whole')
  assert.match(forPeople.stdout, /^tokenSeconds +300$/m)
  assert.match(forPeople.stdout, /^pageOrigins +https:\/\/a\.example\.com, https:\/\/b\.example/m)
  assert.match(forPeople.stdout, /^releaseCertificate +CN=psp, until 2099-01-01, SHA-256 \w{64}$/m)
  assert.doesNotMatch(forPeople.stdout, /\(default\)/)
})

test('merchants show marks what was not set as a default', async (t) => {
  const { stdout } = await inFolder(t, 'merchants show strict')
  for (const line of [
    'sessionKeys          one-time (default)',
    'tokensPerSession     as the service is set (default)',
    'sessionSeconds       900 (default)',
    'pageOrigins          none (default)',
    'releaseCertificate   none (default)',
    'entitled             no (default)',
    'jwtV1                no (default)',
  ]) {
    assert.ok(stdout.includes(`${line}\n`), line)
  }
  const { defaults } = await show(t, 'strict')
  assert.deepEqual(defaults, [
    'sessionKeys',
    'tokensPerSession',
    'attemptsPerSession',
    'sessionSeconds',
    'tokenSeconds',
    'usesPerToken',
    'pageOrigins',
    'releaseCertificate',
    'entitled',
    'jwtV1',
  ])
})

test('merchants set changes what is named, leaves the rest, and takes back what is set to default', async (t) => {
  const changed = await inFolder(t, `merchants set shop ${ALL}`)
  assert.equal(changed.code, 0, changed.stderr)
  assert.match(
    changed.stdout,
    /, jwtV1 of shop changed: every process knows within 10 seconds\.\n$/,
  )
  const { pageOrigins, entitled } = await show(t, 'shop')
  assert.deepEqual([pageOrigins, entitled], [VALUES.pageOrigins, true])
  const command = 'merchants set shop --token-seconds 60 --page-origins default --json'
  const { changed: names, tokenSeconds } = JSON.parse(
    (await inFolder(t, command)).stdout,
  ) as Record<string, unknown>
  assert.deepEqual([names, tokenSeconds], [['tokenSeconds', 'pageOrigins'], 60])
  const { releaseCertificate, createdAt, credentials, ...rest } = await show(t, 'shop')
  assert.ok(releaseCertificate && createdAt && credentials)
  const { pageOrigins: _, ...kept } = VALUES
  assert.deepEqual(rest, { id: 'shop', ...kept, tokenSeconds: 60, defaults: ['pageOrigins'] })
  const everything = ALL.replaceAll(/(--[a-z0-9-]+) \S+/g, '$1 default')
  await inFolder(t, `merchants set shop ${everything}`)
  const { defaults } = await show(t, 'shop')
  assert.equal((defaults as readonly string[]).length, 10)
})

test('a merchant that is entitled but has no certificate is told that this is not enough', async (t) => {
  const { stderr } = await inFolder(t, 'merchants set strict --entitled yes')
  assert.equal(stderr, 'Its cards are released to nobody until it has a --release-certificate.\n')
  await inFolder(t, 'merchants set strict --entitled default')
})

test('what new credentials may do comes from the merchant, unless it is said', async (t) => {
  await inFolder(t, 'merchants add v1 --jwt-v1 yes --no-allow-jwt-v1')
  await inFolder(t, 'credentials add v1')
  await inFolder(t, 'credentials add v1 --no-allow-jwt-v1')
  const { credentials } = await show(t, 'v1')
  const allowed = (
    credentials as readonly { readonly allows: { readonly jwtV1: boolean } }[]
  ).filter(({ allows }) => allows.jwtV1)
  assert.deepEqual([allowed.length, (credentials as readonly object[]).length], [1, 3])
})

const FAILING: readonly (readonly [flags: string, code: 1 | 2, says: RegExp])[] = [
  ['--session-seconds 901', 2, /It is a whole number of seconds from 1 to 900\./],
  ['--session-seconds 0', 2, /It is a whole number of seconds from 1 to 900\./],
  ['--token-seconds 15m', 2, /It is a whole number of seconds from 1 to 900\./],
  ['--page-origins http://a.example.com', 2, /It is https origins without a path/],
  ['--page-origins https://a.example.com/', 2, /It is https origins without a path/],
  ['--page-origins https://a.example.com,', 2, /It is https origins without a path/],
  ['--entitled maybe', 2, /It is yes or no\./],
  ['--jwt-v1 true', 2, /It is yes or no\./],
  ['--release-certificate none.pem', 1, /^coatcheck: The file none\.pem cannot be read\.\n/],
  ['--release-certificate old.pem', 1, /^coatcheck: The certificate has expired\.\n/],
  ['--json', 2, /"problem":"No setting is named\."/],
]

for (const [flags, code, says] of FAILING) {
  test(`merchants set ${flags} exits with ${code}, says so and changes nothing`, async (t) => {
    const found = await show(t, 'strict')
    const ended = await inFolder(t, `merchants set strict ${flags}`)
    assert.match(ended.stderr, says)
    assert.deepEqual([ended.code, ended.stdout], [code, ''])
    assert.deepEqual(await show(t, 'strict'), found)
  })
}

test('merchants set with an unknown merchant says so', async (t) => {
  const { code, stderr } = await inFolder(t, 'merchants set nobody --session-seconds 60')
  assert.equal(code, 1)
  assert.match(stderr, /^coatcheck: There is no merchant nobody\.\n/)
})

test(
  'every worker of serve knows within 10 seconds what was set',
  { timeout: 60_000 },
  async (t) => {
    const vault = await makeVault(200)
    const { flow } = await serve(t, vault)
    const lifetime = async (): Promise<number> => {
      const { claims } = await flow.openSession()
      return claims.exp - claims.iat
    }
    assert.equal(await lifetime(), 900)
    const where = ['--data', vault.data, '--root-key-file', vault.rootKeyFile]
    const set = ['merchants', 'set', vault.merchantId, '--session-seconds', '120', ...where]
    assert.equal((await run(t, set)).code, 0)
    await sleep(10_000)
    const lifetimes = new Set<number>()
    for (let count = 0; count < 20; count += 1) lifetimes.add(await lifetime())
    assert.deepEqual([...lifetimes], [120])
  },
)
