import assert from 'node:assert/strict'
import { createPublicKey, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import forge from 'node-forge'
import { signCertificate } from '../../src/certificates/sign-certificate.ts'
import { systemRandom } from '../../src/clock-and-random.ts'
import { BUNDLED_KEYS } from '../flow.ts'
import { makeFolder, run, WHOLE_FILE, type Ended } from '../process.ts'
import { makeVault } from '../vault.ts'

/** The folder of a vault that all tests add to. */
const folder = makeFolder()
const ALIAS = 'CyberSource_SJC_US'

before(async () => {
  await run(WHOLE_FILE, ['keys', 'init'], { folder })
  await run(WHOLE_FILE, ['merchants', 'add', 'shop'], { folder })
})

function inFolder(t: Pick<TestContext, 'after'>, command: string): Promise<Ended> {
  return run(t, command.split(' '), { folder })
}

async function json(t: TestContext, command: string): Promise<Readonly<Record<string, unknown>>> {
  const { code, stdout, stderr } = await inFolder(t, `${command} --json`)
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as Readonly<Record<string, unknown>>
}

async function mleKeys(
  t: TestContext,
): Promise<readonly { readonly id: string; readonly state: string }[]> {
  const { keys } = await json(t, 'keys list')
  const all = keys as readonly {
    readonly kind: string
    readonly id: string
    readonly state: string
    readonly allows: object
  }[]
  return all.filter(({ kind }) => kind === 'MLE key')
}

/** Reads a certificate that was written to a file. */
function read(name: string, at = folder): X509Certificate {
  return new X509Certificate(readFileSync(join(at, name)))
}

/** Reads the certificates of a p12 with another reader, by their CN. */
function readP12(
  name: string,
  password: string,
  at: string = folder,
): ReadonlyMap<string, X509Certificate> {
  const file = forge.asn1.fromDer(readFileSync(join(at, name)).toString('binary'))
  const { certBag = '' } = forge.pki.oids
  const bags = forge.pkcs12.pkcs12FromAsn1(file, password).getBags({ bagType: certBag })[certBag]
  const certificates = (bags ?? []).flatMap(({ cert }) => cert ?? [])
  return new Map(
    certificates.map((certificate) => [
      String(certificate.subject.getField('CN')?.value),
      new X509Certificate(forge.pki.certificateToPem(certificate)),
    ]),
  )
}

test('keys init makes the key for encrypted requests, and keys certificate writes its certificate', async (t) => {
  const { kid, file } = await json(t, 'keys certificate requests.pem')
  assert.equal(file, 'requests.pem')
  const certificate = read('requests.pem')
  assert.match(certificate.subject, new RegExp(`^CN=${ALIAS}$`, 'm'))
  assert.match(certificate.subject, new RegExp(`^serialNumber=${String(kid)}$`, 'm'))
  assert.match(String(kid), /^[1-9][0-9]{21}$/)
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.modulusLength, 2048)
  assert.ok(certificate.verify(certificate.publicKey))
  assert.equal((await mleKeys(t))[0]?.id, kid)
})

test('every p12 that is made holds that certificate beside that of the merchant', async (t) => {
  await inFolder(t, 'merchants add shop-p12 --p12 shop.p12')
  await inFolder(t, 'credentials add shop --p12 another.p12')
  await inFolder(t, 'keys certificate again.pem')
  for (const [name, merchant] of [
    ['shop.p12', 'shop-p12'],
    ['another.p12', 'shop'],
  ] as const) {
    const certificates = readP12(name, merchant)
    assert.deepEqual([...certificates.keys()], [merchant, ALIAS])
    assert.equal(certificates.get(ALIAS)?.fingerprint256, read('again.pem').fingerprint256)
  }
})

test('keys certificate --renew makes a new key beside the earlier ones', async (t) => {
  const found = await mleKeys(t)
  const { kid } = await json(t, 'keys certificate renewed.pem --renew')
  const keys = await mleKeys(t)
  assert.equal(keys.length, found.length + 1)
  assert.deepEqual(keys.at(-1), { kind: 'MLE key', id: kid, state: 'active' })
  assert.equal(keys[0]?.state, 'decrypts only')
  await inFolder(t, 'keys certificate newest.pem')
  assert.equal(read('newest.pem').fingerprint256, read('renewed.pem').fingerprint256)
})

test('keys certificate overwrites no file', async (t) => {
  writeFileSync(join(folder, 'precious.pem'), 'precious')
  const found = await mleKeys(t)
  const { code, stderr } = await inFolder(t, 'keys certificate precious.pem --renew')
  assert.equal(code, 1)
  assert.equal(
    stderr,
    'coatcheck: The file precious.pem is there already.\n  A file that is there is never overwritten: name another.\n',
  )
  assert.equal(readFileSync(join(folder, 'precious.pem'), 'utf8'), 'precious')
  assert.deepEqual(await mleKeys(t), found, 'no key whose certificate nobody has')
})

test('a store of before there were such keys gets one when it is needed', async (t) => {
  for (const command of [
    'keys certificate requests.pem',
    'credentials add shop-1 --p12 shop.p12',
  ]) {
    const { data, rootKeyFile } = await makeVault(0)
    const where = ['--data', data, '--root-key-file', rootKeyFile]
    const { code, stderr } = await run(t, [...command.split(' '), ...where], { folder: data })
    assert.equal(code, 0, stderr)
    const listed = await run(t, ['keys', 'list', ...where], { folder: data })
    const kid = /^MLE key +(\d{22}) +active$/m.exec(listed.stdout)?.[1]
    assert.ok(kid, listed.stdout)
    const certificate = existsSync(join(data, 'requests.pem'))
      ? read('requests.pem', data)
      : readP12('shop.p12', 'shop-1', data).get(ALIAS)
    assert.match(certificate?.subject ?? '', new RegExp(kid))
  }
})

function writeCertificate(name: string, commonName: string, serialNumber: string): void {
  const [privateKey] = BUNDLED_KEYS
  assert.ok(privateKey)
  const subject = { commonName, serialNumber }
  const [notBefore, notAfter] = [new Date('2020-01-01'), new Date('2099-01-01')]
  const publicKey = createPublicKey(privateKey)
  const draft = { subject, publicKey, notBefore, notAfter, extensions: [] }
  const pem = signCertificate(draft, { name: subject, privateKey }, systemRandom)
  writeFileSync(join(folder, name), pem)
}

interface Shown {
  readonly credentials: readonly {
    readonly keyId: string
    readonly kind: string
    readonly state: string
    readonly allows: object
  }[]
}

async function credentialsOf(t: TestContext, id: string): Promise<Shown['credentials']> {
  const { credentials } = await json(t, `merchants show ${id}`)
  return credentials as Shown['credentials']
}

test('credentials add --mle-certificate registers a certificate for replies, until it is revoked', async (t) => {
  await inFolder(t, 'merchants add replied')
  writeCertificate('replies.pem', 'replied', '99')
  const added = await inFolder(t, 'credentials add replied --mle-certificate replies.pem')
  assert.equal(added.code, 0, added.stderr)
  assert.equal(added.stdout, 'merchant     replied\nkey id       99\ncertificate  replies.pem\n')
  const last = (await credentialsOf(t, 'replied')).at(-1)
  assert.deepEqual([last?.keyId, last?.kind, last?.state], ['99', 'mle-certificate', 'live'])
  await inFolder(t, 'credentials revoke 99')
  assert.equal((await credentialsOf(t, 'replied')).at(-1)?.state, 'revoked')
})

test('a certificate for replies is told to no client, and is allowed nothing', async (t) => {
  await inFolder(t, 'merchants add older --jwt-v1 yes')
  writeCertificate('older.pem', 'older', '103')
  const added = await inFolder(t, 'credentials add older --mle-certificate older.pem')
  assert.equal(added.stderr, '')
  const { allows } = (await credentialsOf(t, 'older')).at(-1) ?? {}
  assert.deepEqual(allows, { jwtV1: false, undated: false, merchants: [] })
})

test('rotate does not replace a certificate for replies', async (t) => {
  const { code, stderr } = await inFolder(t, 'credentials rotate older --replace 103')
  assert.equal(code, 1)
  assert.match(stderr, /older has no live credential for signing with the key id 103\./)
})

test('a certificate for replies is not in the way of a rotation, and is none of what is rotated', async (t) => {
  await inFolder(t, 'merchants add turning')
  writeCertificate('turning.pem', 'turning', '100')
  await inFolder(t, 'credentials add turning --mle-certificate turning.pem')
  const [secret] = await credentialsOf(t, 'turning')
  const { replaces } = await json(t, 'credentials rotate turning')
  assert.deepEqual(replaces, [secret?.keyId])
})

test('removing a merchant frees the key id of its certificate for replies', async (t) => {
  writeCertificate('leaving.pem', 'leaving', '101')
  for (let round = 0; round < 2; round += 1) {
    await inFolder(t, 'merchants add leaving')
    const { code } = await inFolder(t, 'credentials add leaving --mle-certificate leaving.pem')
    assert.equal(code, 0)
    await inFolder(t, 'merchants remove leaving')
  }
})

const REFUSED = [
  ['--mle-certificate other.pem', 1, /The certificate is of another merchant/],
  ['--mle-certificate nothing.pem', 1, /The file nothing\.pem cannot be read/],
  ['--mle-certificate taken.pem', 1, /The key id 99 is taken/],
  ['--mle-certificate replies.pem --p12 new.p12', 2, /cannot be used with option '--p12/],
  ['--mle-certificate replies.pem --allow-jwt-v1', 2, /cannot be used with option '--allow-jwt-v1/],
] as const

for (const [flags, expected, text] of REFUSED) {
  test(`credentials add ${flags} is refused in a sentence`, async (t) => {
    writeCertificate('other.pem', 'other', '102')
    writeCertificate('taken.pem', 'shop', '99')
    const { code, stdout, stderr } = await inFolder(t, `credentials add shop ${flags}`)
    assert.equal(code, expected, stderr)
    assert.equal(stdout, '')
    assert.match(stderr, text)
  })
}
