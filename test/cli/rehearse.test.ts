import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { createMerchantP12 } from '../../src/certificates/create-merchant-p12.ts'
import { systemClock, systemRandom } from '../../src/clock-and-random.ts'
import { startCertifiedEmulator, type CertifiedCredentials } from '../clients/emulator.ts'
import { MERCHANT, startHarness } from '../harness.ts'
import { makeFolder, run, WHOLE_FILE, type Ended } from '../process.ts'

const WRONG_SECRET = 'd3Jvbmcgc2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXM='

let emulator: CertifiedCredentials
before(async () => {
  emulator = await startCertifiedEmulator(WHOLE_FILE)
})

interface Cell {
  readonly state: string
  readonly message?: string
  readonly reason?: string
  readonly status?: number
  readonly fix?: string
}

interface Report {
  readonly ready: boolean
  readonly rows: readonly {
    readonly way: string
    readonly state: string
    readonly lacking?: string
    readonly operations: Readonly<Record<string, Cell>>
  }[]
  readonly tokenProblem?: Cell
}

/** Makes a folder with a credentials file. */
function withCredentials(credentials: object): string {
  const folder = makeFolder()
  writeFileSync(join(folder, 'flex.json'), JSON.stringify(credentials))
  return folder
}

function rehearse(t: TestContext, folder: string, args = ''): Promise<Ended> {
  const more = args === '' ? [] : args.split(' ')
  return run(t, ['rehearse', ...more], { folder })
}

async function report(
  t: TestContext,
  credentials: object,
  args = '',
): Promise<Report & { readonly code: number | null; readonly states: object }> {
  const folder = withCredentials(credentials)
  const { code, stdout, stderr } = await rehearse(
    t,
    folder,
    `--credentials flex.json --json ${args}`.trim(),
  )
  assert.equal(stderr, '')
  const read = JSON.parse(stdout) as Report
  return { ...read, code, states: statesOf(read) }
}

/** The states of the operations by way: session, details, payment. */
function statesOf({ rows }: Report): object {
  const entries = rows.map(({ way, state, operations }) => {
    const states = Object.values(operations).map((cell) => cell.state)
    return [way, states.length === 0 ? state : states.join(' ')] as const
  })
  return Object.fromEntries(entries)
}

const ALL = 'works works works'

test('every way works with the configuration that dev mode writes', async (t) => {
  const { ready, code, states } = await report(t, emulator)
  assert.deepEqual([ready, code], [true, 0])
  assert.deepEqual(states, {
    'http-signature': ALL,
    'jwt-v1': ALL,
    'jwt-v2-secret': ALL,
    'jwt-v2-p12': ALL,
    'mle-request': 'works skipped works',
    'mle-reply': ALL,
  })
})

test('the table is for people, and says what is skipped', async (t) => {
  const folder = withCredentials(emulator)
  const { code, stdout } = await rehearse(t, folder, '--credentials flex.json')
  assert.equal(code, 0)
  assert.match(stdout, new RegExp(`^Rehearsal of testmid at ${emulator.url}\n`))
  assert.match(stdout, /^ +session +details +payment$/m)
  assert.match(stdout, /^✓ JWT v2, p12 +works +works +works$/m)
  assert.match(stdout, /^MLE of requests\n {2}details: It has no body to encrypt\.$/m)
  assert.match(stdout, /\nReady: 6 of 6 configured ways work\.\n$/)
})

test('a configuration can be given by flags, and what it lacks is named and does not count', async (t) => {
  const folder = makeFolder()
  const { url, merchantId, keyId, secret, p12, mleCertificate } = emulator
  writeFileSync(join(folder, 'secret.txt'), `${secret}\n`)
  const who = `--url ${url} --merchant-id ${merchantId}`
  const bySecret = `${who} --key-id ${keyId} --secret-file secret.txt`
  const first = await rehearse(t, folder, bySecret)
  assert.equal(first.code, 0, first.stderr)
  assert.match(first.stdout, /^✓ HTTP Signature +works +works +works$/m)
  assert.match(first.stdout, /^– JWT v1, p12 +not configured$/m)
  assert.match(first.stdout, /\n {2}no p12: name one with --p12/)
  assert.match(first.stdout, /Ready: 2 of 2 configured ways work/)
  const second = await rehearse(t, folder, `${bySecret} --mle-certificate ${mleCertificate}`)
  assert.match(second.stdout, /^✓ MLE of requests +works +skipped +works$/m)
  writeFileSync(join(folder, 'password.txt'), `${p12.password}\n`)
  const byP12 = `${who} --p12 ${p12.file} --p12-password-file password.txt`
  const third = await rehearse(t, folder, byP12)
  assert.match(third.stdout, /Ready: 4 of 4 configured ways work/)
  assert.match(third.stdout, /^– HTTP Signature +not configured$/m)
  const fourth = await rehearse(t, folder, `${bySecret} --mle-reply-p12 ${p12.file}`)
  assert.match(fourth.stdout, /Ready: 3 of 3 configured ways work/)
})

test('what dev mode leaves in its data folder is taken by itself, on this machine only', async (t) => {
  const folder = makeFolder()
  mkdirSync(join(folder, '.coatcheck'))
  writeFileSync(join(folder, '.coatcheck/credentials.json'), JSON.stringify(emulator))
  const { code, stdout } = await rehearse(t, folder)
  assert.equal(code, 0)
  assert.match(stdout, /Ready: 6 of 6/)
  const away = await rehearse(t, folder, '--url https://pay.example.com')
  assert.match(away.stderr, /There is no merchant to rehearse/)
})

test('a wrong secret fails what is signed with it and nothing else, with the reason that the reply gives', async (t) => {
  const { ready, code, states, rows } = await report(t, { ...emulator, secret: WRONG_SECRET })
  assert.deepEqual([ready, code], [false, 1])
  const fails = 'fails fails fails'
  assert.deepEqual(states, {
    'http-signature': fails,
    'jwt-v1': ALL,
    'jwt-v2-secret': fails,
    'jwt-v2-p12': ALL,
    'mle-request': 'works skipped works',
    'mle-reply': ALL,
  })
  const { reason, status, message, fix } = rows[0]?.operations['session'] ?? { state: '' }
  assert.deepEqual([reason, status], ['WRONG_SIGNATURE', 401])
  assert.match(String(message), /string to sign/)
  assert.match(String(fix), /secret/)
})

test('a certificate that is not registered fails; encryption is then tried as the secret is signed', async (t) => {
  const folder = makeFolder()
  const { merchantId, certificateSerialNumber: serialNumber } = emulator
  const needs = { password: 'another', now: systemClock, random: systemRandom }
  const { p12 } = await createMerchantP12({ merchantId, serialNumber, ...needs })
  const file = join(folder, 'foreign.p12')
  writeFileSync(file, p12)
  const { states, rows } = await report(t, { ...emulator, p12: { file, password: 'another' } })
  const fails = 'fails fails fails'
  assert.deepEqual(states, {
    'http-signature': ALL,
    'jwt-v1': fails,
    'jwt-v2-secret': ALL,
    'jwt-v2-p12': fails,
    'mle-request': 'works skipped works',
    // Encrypted to the certificate that is registered, of which this is not the key.
    'mle-reply': 'works fails fails',
  })
  const reasons = rows.map(({ operations }) => operations['details']?.reason)
  assert.deepEqual(reasons.slice(1), [
    'UNKNOWN_CERTIFICATE',
    undefined,
    'WRONG_SIGNATURE',
    undefined,
    'REPLY_NOT_DECRYPTED',
  ])
})

test('failures that are alike are told once, with what to change', async (t) => {
  const folder = withCredentials({ ...emulator, secret: WRONG_SECRET })
  const { code, stdout } = await rehearse(
    t,
    folder,
    '--credentials flex.json --only http-signature,jwt-v1',
  )
  assert.equal(code, 1)
  assert.match(stdout, /^ {2}session, details, payment: .*\(WRONG_SIGNATURE, status 401, correl/m)
  assert.equal(stdout.match(/^ {4}Change: /gm)?.length, 1)
  const none = await rehearse(t, folder, '--credentials flex.json --only http-signature')
  assert.match(none.stdout, /^Transient token\n {2}token: No way opened a session\.$/m)
})

test('a host that explains nothing is rehearsed too, and one without payments is no fault', async (t) => {
  const harness = await startHarness({ explain: false, furtherRoutes: () => [] })
  t.after(() => harness.close())
  const credentials = { ...MERCHANT, url: await harness.listen() }
  const good = await report(t, credentials)
  assert.deepEqual([good.ready, good.code], [true, 0])
  const { payment } = good.rows[0]?.operations ?? {}
  assert.deepEqual(payment, { state: 'skipped', message: 'This host takes no payments.' })
  const bad = await report(t, { ...credentials, secret: WRONG_SECRET })
  const { reason, fix } = bad.rows[0]?.operations['session'] ?? { state: '' }
  assert.equal(reason, 'AUTHENTICATION_FAILED')
  assert.match(String(fix), /Compare merchant id, key id and secret/)
})

test('away from this machine nothing is paid for without --pay, and card data goes to named origins only', async (t) => {
  const harness = await startHarness()
  t.after(() => harness.close())
  const url = await harness.listen()
  const away = url.replace('127.0.0.1', '0.0.0.0')
  const credentials = { ...MERCHANT, url: away }
  const args = '--only jwt-v2-secret'
  const refused = await report(t, credentials, args)
  assert.deepEqual([refused.ready, refused.code], [false, 1])
  assert.equal(refused.tokenProblem?.reason, 'ORIGIN_NOT_ALLOWED')
  assert.match(String(refused.tokenProblem?.fix), /--origin/)
  const unpaid = await report(t, credentials, `${args} --origin ${url}`)
  assert.equal(unpaid.code, 0)
  assert.deepEqual(unpaid.states, { 'jwt-v2-secret': 'works works skipped' })
  assert.ok(!harness.lines.some((line) => line.includes('payment.simulated')))
  const paid = await report(t, credentials, `${args} --origin ${url} --pay`)
  assert.deepEqual(paid.states, { 'jwt-v2-secret': ALL })
})

test('a host that is not there is told so once, with exit code 1', async (t) => {
  const { code, rows } = await report(t, { ...MERCHANT, url: 'http://127.0.0.1:1' })
  assert.equal(code, 1)
  assert.equal(rows[0]?.operations['session']?.reason, 'NETWORK_ERROR')
})

const MISTAKES: readonly (readonly [title: string, args: string, message: RegExp])[] = [
  ['no merchant', '', /^coatcheck: There is no merchant to rehearse\.\n {2}Run "coatcheck dev/],
  ['nothing to sign with', '--merchant-id shop', /There is nothing to sign with\./],
  ['half a secret', '--merchant-id shop --key-id 1', /needs both its key id and itself/],
  ['no such file', '--merchant-id shop --p12 no.p12', /The file no\.p12 cannot be read\./],
  ['no p12', '--merchant-id shop --p12 flex.json', /not a PKCS#12 file/],
  ['no credentials', '--credentials list.json', /list\.json is not a credentials file/],
  ['a bad secret', '--credentials bad.json', /secret must be base64/],
  ['nothing left', '--credentials flex.json --only jwt-v1', /Nothing of what --only names/],
  ['an unknown way', '--only jwt-v3', /Known are http-signature, jwt-v1/],
]

for (const [title, args, message] of MISTAKES) {
  test(`a mistake is named in one sentence: ${title}`, async (t) => {
    const folder = withCredentials({ ...MERCHANT, url: 'http://127.0.0.1:1' })
    writeFileSync(join(folder, 'list.json'), '[]')
    writeFileSync(join(folder, 'bad.json'), JSON.stringify({ ...MERCHANT, secret: 'no base64!' }))
    const { code, stdout, stderr } = await rehearse(t, folder, args)
    assert.ok(code === 1 || code === 2)
    assert.equal(stdout, '')
    assert.match(stderr, message)
    assert.ok(!stderr.includes(MERCHANT.secret) && !stderr.includes('    at '))
  })
}

test('help shows examples, and the secret is never an argument', async (t) => {
  const { code, stdout } = await rehearse(t, makeFolder(), '--help')
  assert.equal(code, 0)
  assert.match(stdout, /Examples:\n {2}coatcheck rehearse --credentials flex\.json/)
  assert.doesNotMatch(stdout, /--secret </)
})
