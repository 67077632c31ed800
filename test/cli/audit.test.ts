import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { before, test, type TestContext } from 'node:test'
import { verifyCaptureContext } from '../../src/client/index.ts'
import { SQLITE_FILES } from '../../src/store/sqlite-file.ts'
import { run, WHOLE_FILE, type Ended } from '../process.ts'
import { makeCertificate, RELEASE_CERTIFICATE } from '../releases.ts'
import { makeVault, ORIGIN, serveArgs, type MadeVault } from '../vault.ts'
import { REQUEST } from './flow.ts'
import { serve } from './serving.ts'

const { certificate, privateKey } = makeCertificate()
const heads: string[] = []
// The last line but for the end: who wrote the chain signs its head when it ends.
let signed = ''
let vault: MadeVault

// Two releases of one card in serve, as a merchant asks for them, and the heads that its log has of them.
before(async () => {
  vault = await makeVault(40, { entitled: true, releaseCertificate: certificate })
  const serving = await serve(WHOLE_FILE, vault, { args: ['--workers', '1'] })
  const { flow, credentials } = serving
  const { card } = REQUEST.fields.paymentInformation
  const fields = { paymentInformation: { card: { ...card, securityCode: {} } } }
  const jwt = await flow.client.generateFlexAPICaptureContext({ fields })
  const publicKeyOrigin = credentials.url
  const context = await verifyCaptureContext(jwt, { origins: [ORIGIN], publicKeyOrigin })
  const { jti } = await flow.redeem(context, { securityCode: '737' })
  const codes: (string | undefined)[] = []
  for (let release = 0; release < 2; release += 1) {
    const { paymentInformation } = await flow.client.getPaymentCredentials(jti, { privateKey })
    assert.equal(paymentInformation?.card?.number, '4111111111111111')
    codes.push(paymentInformation?.card?.securityCode)
  }
  assert.deepEqual(codes, ['737', undefined])
  serving.kill('SIGTERM')
  const { code, stdout } = await serving.ended
  assert.equal(code, 0)
  heads.push(...[...stdout.matchAll(/"head":"([^"]+)"/g)].map(([, head = '']) => head))
  signed = heads.pop() ?? ''
  assert.equal(heads.length, 2)
  assert.ok(!stdout.includes('4111111111111111') && !stdout.includes('"737"'))
})

function audit(t: TestContext, ...words: readonly string[]): Promise<Ended> {
  const { data, rootKeyFile } = vault
  return run(t, ['audit', ...words, '--data', data, '--root-key-file', rootKeyFile])
}

test('audit list says who was given which card, and whether the security code went with it', async (t) => {
  const { code, stdout } = await audit(t, 'list')
  assert.equal(code, 0)
  const [first = '', second = '', ...others] = stdout.trimEnd().split('\n')
  assert.deepEqual(others, [])
  assert.match(
    first,
    /^\d{4}-\S+Z {2}shop-1 {2}token [0-9a-f]{12} {2}with security code {2}signed by key-1$/,
  )
  assert.match(second, / without security code /)
  const listed = JSON.parse((await audit(t, 'list', '--json')).stdout) as readonly {
    readonly sequence: number
    readonly securityCode: boolean
  }[]
  assert.deepEqual(
    listed.map(({ sequence, securityCode }) => [sequence, securityCode]),
    [
      [1, true],
      [2, false],
    ],
  )
})

test('audit verify finds the trail whole and signed, with every head that the log has', async (t) => {
  assert.ok(signed.startsWith(`${heads[1]}:`), signed)
  const known = [...heads, signed].flatMap((head) => ['--head', head])
  const { code, stdout } = await audit(t, 'verify', ...known)
  assert.equal(code, 0)
  assert.equal(stdout, `2 releases in 1 chain, each whole, signed up to its end.\n  ${heads[1]}\n`)
})

test('audit verify refuses a head that is none', async (t) => {
  const { code, stderr } = await audit(t, 'verify', '--head', 'x:1:y')
  assert.equal(code, 2)
  assert.match(stderr, /<chain>:<sequence>:<hash>/)
})

test('audit verify refuses a signed head that was changed', async (t) => {
  const [chain, , ...rest] = signed.split(':')
  const { code, stdout } = await audit(t, 'verify', '--head', [chain, 3, ...rest].join(':'))
  assert.equal(code, 1)
  assert.ok(stdout.includes(`  ${chain} has a head that no audit key of this store has signed\n`))
})

test('serve has made the audit key of a store that had none, and keys rotate makes the next', async (t) => {
  const { data, rootKeyFile } = vault
  const keys = (...words: readonly string[]): Promise<Ended> =>
    run(t, ['keys', ...words, '--data', data, '--root-key-file', rootKeyFile])
  const kid = signed.split(':')[4] ?? ''
  assert.match((await keys('list')).stdout, new RegExp(`^audit key +${kid} +active`, 'm'))
  const { code, stdout } = await keys('rotate', 'audit')
  assert.equal(code, 0)
  assert.match(
    stdout,
    new RegExp(
      `^Audit key ${kid} signs until .*, and is erased, but for its public half, on .*\\.$`,
      'm',
    ),
  )
  assert.match((await keys('list')).stdout, /^audit key +\w{8} +staged/m)
})

test('serve refuses to release cards to the key that dev mode publishes', async (t) => {
  const exposed = await makeVault(0, { entitled: true, releaseCertificate: RELEASE_CERTIFICATE })
  const { code, stderr } = await run(t, serveArgs(exposed))
  assert.equal(code, 1)
  assert.match(stderr, /^coatcheck: The release certificate of merchant shop-1 is the published/)
})

test('audit verify exits with 1 when the last release was removed', async (t) => {
  const db = new DatabaseSync(join(vault.data, SQLITE_FILES.passing))
  db.exec("DELETE FROM records WHERE kind = 'release' AND name LIKE '%2'")
  db.close()
  const [, last = ''] = heads
  const { code, stdout } = await audit(t, 'verify', '--head', last, '--json')
  assert.equal(code, 1)
  const report = JSON.parse(stdout) as { readonly valid: boolean; readonly faults: object[] }
  assert.equal(report.valid, false)
  assert.equal(report.faults.length, 2, 'both heads say so')
  const alone = await audit(t, 'verify')
  assert.equal(alone.code, 1, 'the signed head is enough')
  const kid = signed.split(':')[4]
  assert.match(
    alone.stdout,
    new RegExp(`is missing, though audit key ${kid} signed the chain up to it on 20.*Z\n`),
  )
})
