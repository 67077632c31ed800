import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { readCertificate } from '../../src/certificates/read-certificate.ts'
import { readP12 } from '../../src/certificates/read-p12.ts'
import { signCertificate } from '../../src/certificates/sign-certificate.ts'
import { systemClock, systemRandom } from '../../src/clock-and-random.ts'
import { BUNDLED_KEYS } from '../flow.ts'
import { makeFolder, run, WHOLE_FILE, type Ended } from '../process.ts'

/** The folder of a vault that all tests add to. */
const folder = makeFolder()
const KEY_ID = '1757970970891045729358'

interface Subject {
  readonly commonName: string
  readonly serialNumber?: string
}

/** Writes a certificate that somebody brings. */
function writeCertificate(
  name: string,
  subject: Subject,
  notAfter = new Date('2099-01-01'),
): string {
  const [privateKey] = BUNDLED_KEYS
  assert.ok(privateKey)
  const draft = {
    subject,
    publicKey: createPublicKey(privateKey),
    notBefore: new Date('2020-01-01'),
    notAfter,
    extensions: [],
  }
  const pem = signCertificate(draft, { name: subject, privateKey }, systemRandom)
  writeFileSync(join(folder, name), pem)
  return name
}

before(async () => {
  await run(WHOLE_FILE, ['keys', 'init'], { folder })
  for (const id of ['shop', 'other', 'twice']) {
    await run(WHOLE_FILE, ['merchants', 'add', id], { folder })
  }
  writeCertificate('shop.pem', { commonName: 'shop', serialNumber: KEY_ID })
  writeCertificate('numberless.pem', { commonName: 'shop' })
  writeCertificate('expired.pem', { commonName: 'shop', serialNumber: '1' }, new Date('2021-01-01'))
  writeCertificate('taken.pem', { commonName: 'other', serialNumber: KEY_ID })
  writeFileSync(join(folder, 'password.txt'), 'pass word!\n')
  writeFileSync(join(folder, 'wrong.txt'), 'password\n')
  await inFolder(WHOLE_FILE, 'credentials add shop --certificate shop.pem')
  await inFolder(
    WHOLE_FILE,
    'merchants add shop-p12 --p12 shop.p12 --p12-password-file password.txt',
  )
})

function inFolder(t: Pick<TestContext, 'after'>, command: string): Promise<Ended> {
  return run(t, command.split(' '), { folder })
}

interface Shown {
  readonly credentials: readonly {
    readonly keyId: string
    readonly kind: string
    readonly state: string
    readonly allows: object
  }[]
  readonly disabledAt?: number
}

async function show(t: TestContext, id: string): Promise<Shown> {
  const { code, stdout, stderr } = await inFolder(t, `merchants show ${id} --json`)
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as Shown
}

test('merchants add --p12 writes a file that only its owner reads, and registers its certificate', async (t) => {
  const path = join(folder, 'shop.p12')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  const { certificatePem } = readP12(readFileSync(path), { password: 'pass word!' })
  const { merchantId, serialNumber } = readCertificate(certificatePem, systemClock)
  assert.equal(merchantId, 'shop-p12')
  const [credential, ...others] = (await show(t, 'shop-p12')).credentials
  assert.deepEqual(
    [credential?.keyId, credential?.kind, credential?.state, others],
    [serialNumber, 'certificate', 'live', []],
  )
})

test('credentials add --p12 takes the merchant id for the password when none is named', async (t) => {
  const { code, stdout, stderr } = await inFolder(t, 'credentials add other --p12 other.p12 --json')
  assert.equal(code, 0, stderr)
  assert.equal(stderr, '')
  const { keyId, p12, secret } = JSON.parse(stdout) as Record<string, unknown>
  assert.deepEqual([p12, secret], ['other.p12', undefined])
  const { certificatePem } = readP12(readFileSync(join(folder, 'other.p12')), { password: 'other' })
  assert.equal(readCertificate(certificatePem, systemClock).serialNumber, keyId)
  assert.equal((await show(t, 'other')).credentials.length, 2)
})

test('credentials add --certificate registers what somebody brings, with what it is allowed', async (t) => {
  const name = writeCertificate('brought.pem', { commonName: 'twice', serialNumber: '77' })
  const allowed = '--allow-jwt-v1 --allow-undated --cover-merchants shop,other'
  const added = await inFolder(t, `credentials add twice --certificate ${name} ${allowed}`)
  assert.equal(added.code, 0, added.stderr)
  assert.equal(added.stdout, 'merchant     twice\nkey id       77\ncertificate  brought.pem\n')
  const { credentials } = await show(t, 'twice')
  const allows = { jwtV1: true, undated: true, merchants: ['shop', 'other'] }
  assert.deepEqual(credentials.at(-1)?.allows, allows)
})

test('credentials add --certificate reads the certificate of a p12', async (t) => {
  const p12 = '--p12 moved.p12 --p12-password-file password.txt'
  await inFolder(t, `merchants add moved ${p12}`)
  await inFolder(t, 'merchants remove moved')
  const { code, stdout, stderr } = await inFolder(
    t,
    'merchants add moved --certificate moved.p12 --p12-password-file password.txt',
  )
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^key id {7}\d{22}$/m)
})

test('credentials rotate leaves both good, and says what to revoke then', async (t) => {
  const added = await inFolder(t, 'merchants add rotating --json')
  const { keyId: old } = JSON.parse(added.stdout) as { readonly keyId: string }
  const rotated = await inFolder(t, 'credentials rotate rotating')
  assert.equal(rotated.code, 0)
  assert.ok(rotated.stderr.includes(`Then: coatcheck credentials revoke ${old}\n`))
  const renewed = /^key id +(\S+)$/m.exec(rotated.stdout)?.[1]
  const states = async (): Promise<unknown> =>
    (await show(t, 'rotating')).credentials.map(({ keyId, state }) => [keyId, state])
  assert.deepEqual(await states(), [
    [old, 'live'],
    [renewed, 'live'],
  ])
  const again = await inFolder(t, 'credentials rotate rotating')
  assert.equal(again.code, 1)
  assert.match(again.stderr, /^coatcheck: rotating has 2 live credentials already\.\n {2}Revoke/)

  const revoked = await inFolder(t, `credentials revoke ${old} --json`)
  assert.deepEqual(JSON.parse(revoked.stdout), { keyId: old, state: 'revoked' })
  assert.deepEqual(await states(), [
    [old, 'revoked'],
    [renewed, 'live'],
  ])
  const json = await inFolder(t, 'credentials rotate rotating --json')
  const { replaces } = JSON.parse(json.stdout) as { readonly replaces: unknown }
  assert.deepEqual([json.stderr, replaces], ['', [renewed]])
})

test('merchants disable, enable and remove say what they did', async (t) => {
  await inFolder(t, 'merchants add leaving')
  const disabled = await inFolder(t, 'merchants disable leaving')
  assert.equal(disabled.stdout, 'leaving is disabled: every process knows within 10 seconds.\n')
  assert.equal(typeof (await show(t, 'leaving')).disabledAt, 'number')
  const listed = await inFolder(t, 'merchants list')
  assert.match(listed.stdout, /^leaving {2}one-time {2}1 credential {2}disabled$/m)
  const enabled = await inFolder(t, 'merchants enable leaving --json')
  assert.deepEqual(JSON.parse(enabled.stdout), { id: 'leaving', state: 'enabled' })
  assert.equal((await show(t, 'leaving')).disabledAt, undefined)
  const forPeople = await inFolder(t, 'merchants show leaving')
  assert.match(forPeople.stdout, /^sessionKeys +one-time \(default\)$/m)
  assert.match(forPeople.stdout, /^shared-secret +\S{36} +live$/m)
  const removed = await inFolder(t, 'merchants remove leaving')
  assert.equal(removed.stdout, 'leaving and its credentials are removed.\n')
  assert.equal((await inFolder(t, 'merchants show leaving')).code, 1)
})

interface Failing {
  readonly title: string
  readonly command: string
  readonly code: 1 | 2
  readonly says: RegExp
}

const NOBODY = /^coatcheck: There is no merchant nobody\.\n {2}See "coatcheck merchants list"\.\n$/

const FAILING: readonly Failing[] = [
  {
    title: 'a p12 and a wrong password',
    command: 'credentials add shop-p12 --certificate shop.p12 --p12-password-file wrong.txt',
    code: 1,
    says: /^coatcheck: The password is not that of the PKCS#12 file\.\n/,
  },
  {
    title: 'a p12 and no password',
    command: 'credentials add shop-p12 --certificate shop.p12',
    code: 1,
    says: /^coatcheck: The password is not that of the PKCS#12 file\.\n/,
  },
  {
    title: 'a password file that is not there',
    command: 'credentials add shop --p12 new.p12 --p12-password-file none.txt',
    code: 1,
    says: /^coatcheck: The file none\.txt cannot be read\.\n/,
  },
  {
    title: 'a certificate without a serial number',
    command: 'credentials add shop --certificate numberless.pem',
    code: 1,
    says: /^coatcheck: The subject of the certificate has no serialNumber, which JWTs name it by\.\n/,
  },
  {
    title: 'the certificate of another merchant',
    command: 'credentials add other --certificate shop.pem',
    code: 1,
    says: /^coatcheck: The certificate is of another merchant: .*\n {2}.* CN is other\.\n$/,
  },
  {
    title: 'a certificate that has expired',
    command: 'credentials add shop --certificate expired.pem',
    code: 1,
    says: /^coatcheck: The certificate has expired\.\n/,
  },
  {
    title: 'a file that is no certificate',
    command: 'credentials add shop --certificate password.txt',
    code: 1,
    says: /^coatcheck: The file holds no X\.509 certificate that can be read\.\n/,
  },
  {
    title: 'a certificate that is registered',
    command: 'credentials add shop --certificate shop.pem',
    code: 1,
    says: /^coatcheck: The key id 1757970970891045729358 is taken\.\n/,
  },
  {
    title: 'the key id of another merchant',
    command: 'credentials add other --certificate taken.pem',
    code: 1,
    says: /^coatcheck: The key id 1757970970891045729358 is taken\.\n/,
  },
  {
    title: 'a p12 whose file is there',
    command: 'credentials add shop --p12 password.txt',
    code: 1,
    says: /^coatcheck: The file password\.txt is there already\.\n {2}A key file is never overwritten/,
  },
  {
    title: 'a p12 and a certificate',
    command: 'credentials add shop --p12 new.p12 --certificate shop.pem',
    code: 2,
    says: /'--certificate <file>' cannot be used with option '--p12 <file>'/,
  },
  {
    title: 'covered merchants that none can be',
    command: 'credentials add shop --cover-merchants shop,,x',
    code: 2,
    says: /It is merchant ids with commas between them\./,
  },
  { title: 'an unknown merchant', command: 'credentials add nobody', code: 1, says: NOBODY },
  {
    title: 'an unknown merchant and a p12',
    command: 'credentials add nobody --p12 new.p12',
    code: 1,
    says: NOBODY,
  },
  { title: 'an unknown merchant', command: 'credentials rotate nobody', code: 1, says: NOBODY },
  {
    title: 'an unknown key id',
    command: 'credentials revoke nobody',
    code: 1,
    says: /^coatcheck: There is no credential with the key id nobody\.\n/,
  },
  { title: 'an unknown merchant', command: 'merchants show nobody', code: 1, says: NOBODY },
  { title: 'an unknown merchant', command: 'merchants disable nobody', code: 1, says: NOBODY },
  { title: 'an unknown merchant', command: 'merchants enable nobody', code: 1, says: NOBODY },
  { title: 'an unknown merchant', command: 'merchants remove nobody', code: 1, says: NOBODY },
  {
    title: 'the certificate of another merchant',
    command: 'merchants add new --certificate shop.pem',
    code: 1,
    says: /^coatcheck: The certificate is of another merchant: /,
  },
]

for (const { title, command, code, says } of FAILING) {
  const name = command.split(' ').slice(0, 2).join(' ')
  test(`${name} with ${title} exits with ${code}, says so and leaves nothing behind`, async (t) => {
    const ended = await inFolder(t, command)
    assert.match(ended.stderr, says)
    assert.deepEqual([ended.code, ended.stdout], [code, ''])
    assert.equal(existsSync(join(folder, 'new.p12')), false)
    assert.equal((await show(t, 'shop')).credentials.length, 2)
  })
}

test('with --json a refusal of a credential is JSON too', async (t) => {
  const command = 'credentials add shop-p12 --certificate shop.p12 --p12-password-file wrong.txt'
  const { code, stderr } = await inFolder(t, `${command} --json`)
  assert.equal(code, 1)
  const { error } = JSON.parse(stderr) as { readonly error: Record<string, string> }
  assert.equal(error['problem'], 'The password is not that of the PKCS#12 file.')
})
