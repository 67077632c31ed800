import { strict as assert } from 'node:assert'
import { after, before, test } from 'node:test'
import { createClient, createToken, verifyCaptureContext } from '../../src/client/index.ts'
import { decodeJws } from '../../src/jose/jws.ts'
import { MERCHANT, startHarness, type Harness } from '../harness.ts'
import { readVector } from '../vector.ts'
import { makeFolder, type Run } from './run.ts'

interface Issued {
  readonly url: string
  readonly context: string
  readonly token: string
}

/** Opens a session and makes a token of it, at the time of the service. */
async function issue(service: Harness, now: Date): Promise<Issued> {
  const url = await service.listen()
  const client = createClient({ url, ...MERCHANT })
  const card = { number: {} }
  const context = await client.generateFlexAPICaptureContext({
    fields: { paymentInformation: { card } },
  })
  const options = { origins: [url], publicKeyOrigin: url, currentDate: now }
  const captureContext = await verifyCaptureContext(context, options)
  const data = { paymentInformation: { card: { number: '4111111111111111' } } }
  return { url, context, token: await createToken({ captureContext, data }) }
}

const HOUR_AGO = new Date(Date.now() - 3_600_000)
let harnesses: readonly Harness[]
let fresh: Issued
let old: Issued

before(async () => {
  const now = new Date()
  const [service, slow] = await Promise.all([
    startHarness(),
    startHarness({ now: () => HOUR_AGO, toleranceSeconds: 7200 }),
  ])
  harnesses = [service, slow]
  fresh = await issue(service, now)
  old = await issue(slow, HOUR_AGO)
})
after(async () => {
  await Promise.all(harnesses.map((harness) => harness.close()))
})

async function verify(
  t: Parameters<typeof makeFolder>[0],
  args: readonly string[],
  input?: string,
): Promise<Run> {
  return makeFolder(t).coatcheck(['verify', ...args], input)
}

function forge(jwt: string): string {
  const [header, claims] = jwt.split('.')
  return `${header}.${claims}.${Buffer.alloc(256).toString('base64url')}`
}

test('a capture context is valid by the key that the service publishes', async (t) => {
  const { url, context } = fresh
  const { status, stdout, stderr } = await verify(t, ['-', '--url', url], `${context}\n`)
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^✓ This capture context is valid \(api-0\.1\.0\)$/m)
  assert.match(stdout, /^ {2}signature {5}RS256 by key dv, which http:\S+ publishes$/m)
  assert.match(stdout, /^ {2}time {10}expires in 1[45] minutes, at \S+ \S+ UTC$/m)
  assert.match(stdout, /^ {2}not verified {2}who opened the session/m)
})

test('a transient token is valid by the capture context that it was made for', async (t) => {
  const { url, context, token } = fresh
  const folder = makeFolder(t)
  folder.write('context.jwt', context)
  folder.write('token.jwt', token)
  const args = ['verify', 'token.jwt', '--context', 'context.jwt', '--url', url]
  const { status, stdout, stderr } = await folder.coatcheck(args)
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^✓ This transient token is valid \(api-0\.1\.0\)$/m)
  assert.match(stdout, /^ {2}context {7}signed by key dv/m)
})

test('the credentials file that dev writes says where the service is, and --url wins over it', async (t) => {
  const { url, context } = fresh
  const folder = makeFolder(t)
  folder.write('flex.json', { url, ...MERCHANT })
  folder.write('other.json', { url: 'http://127.0.0.1:9', ...MERCHANT })
  const [named, winning, lost] = await Promise.all([
    folder.coatcheck(['verify', context, '--credentials', 'flex.json']),
    folder.coatcheck(['verify', context, '--credentials', 'other.json', '--url', url]),
    folder.coatcheck(['verify', context, '--credentials', 'other.json']),
  ])
  assert.deepEqual([named.status, winning.status, lost.status], [0, 0, 1], named.stderr)
  assert.match(named.stdout, /^✓ This capture context is valid/)
  assert.match(lost.stderr, /NETWORK_ERROR/)
})

test('--json prints the verdict as one object', async (t) => {
  const { url, context, token } = fresh
  const [valid, invalid] = await Promise.all([
    verify(t, [token, '--context', context, '--url', url, '--json']),
    verify(t, [forge(context), '--url', url, '--json']),
  ])
  const verdict = JSON.parse(valid.stdout) as Record<string, unknown>
  assert.equal(valid.status, 0)
  assert.equal(verdict['valid'], true)
  assert.equal(verdict['kind'], 'transient-token')
  assert.equal(verdict['jti'], decodeJws(token)?.claims['jti'])
  assert.equal(verdict['expiresAt'], decodeJws(token)?.claims['exp'])
  assert.equal(invalid.status, 1)
  const refused = JSON.parse(invalid.stdout) as Record<string, unknown>
  assert.equal(refused['valid'], false)
  assert.equal(refused['reason'], 'CAPTURE_CONTEXT_INVALID')
})

test('an expired capture context is not valid, and it is said since when', async (t) => {
  const { status, stdout } = await verify(t, [old.context, '--url', old.url])
  assert.equal(status, 1)
  assert.match(
    stdout,
    /^✗ This capture context is not valid: it expired 4[45] minutes ago, at \S+ \S+ UTC$/,
  )
})

test('an expired token is told apart from an expired context', async (t) => {
  const { status, stdout } = await verify(t, [
    old.token,
    '--context',
    old.context,
    '--url',
    old.url,
  ])
  assert.equal(status, 1)
  assert.match(stdout, /^✗ This transient token is not valid: it expired 4[45] minutes ago/)
})

const REFUSED: readonly (readonly [what: string, args: () => readonly string[], words: RegExp])[] =
  [
    [
      'a context that was changed',
      () => [forge(fresh.context), '--url', fresh.url],
      /the signature is not that of this key: the JWT was changed, or another key signed it/,
    ],
    [
      'a context whose key the service does not have',
      () => [readVector('cc-api-0.1.0-guide-sn.txt'), '--url', fresh.url],
      /publishes no key of its kid, so another service signed it/,
    ],
    [
      'a token that was changed',
      () => [forge(fresh.token), '--context', fresh.context, '--url', fresh.url],
      /This transient token is not valid: the signature is not that of this key/,
    ],
    [
      'a token of another session',
      () => [readVector('tt-api-0.1.0-guide.txt'), '--context', fresh.context, '--url', fresh.url],
      /it was made for another session: its kid is not 08/,
    ],
    [
      'a capture context in place of a token',
      () => [fresh.context, '--context', fresh.context, '--url', fresh.url],
      /it is a capture context: verify it without --context/,
    ],
    [
      'a token whose context was changed',
      () => [fresh.token, '--context', forge(fresh.context), '--url', fresh.url],
      /cannot be verified with --context\. This capture context is not valid: the signature/,
    ],
    [
      'text that is no JWT',
      () => ['eyJhbGciOiJSUzI1NiJ9.e30.AA', '--url', fresh.url],
      /no capture context/,
    ],
  ]

for (const [what, args, words] of REFUSED) {
  test(`${what} is not valid, exit code 1, and the reason is said`, async (t) => {
    const { status, stdout, stderr } = await verify(t, args())
    assert.equal(status, 1)
    assert.match(stdout + stderr, words)
    assert.doesNotMatch(stderr, /^\s+at /m)
  })
}

test('a context that names another origin is valid only if that is allowed', async (t) => {
  const service = await startHarness({ publicOrigin: 'https://pay.example.com' })
  t.after(() => service.close())
  const url = await service.listen()
  const fields = { paymentInformation: { card: { number: {} } } }
  const client = createClient({ url, ...MERCHANT })
  const context = await client.generateFlexAPICaptureContext({ fields })
  const refused = await verify(t, [context, '--url', url])
  assert.equal(refused.status, 1)
  assert.match(refused.stdout, /names an address outside the allowed origins/)
  const allowed = await verify(t, [context, '--url', url, '--origin', 'https://pay.example.com'])
  assert.equal(allowed.status, 0)
  assert.match(allowed.stdout, /address {7}https:\/\/pay\.example\.com\/flex\/v2\/tokens/)
})

test('a transient token without its context is an error that says what is missing', async (t) => {
  const { status, stdout, stderr } = await verify(t, [fresh.token, '--url', fresh.url])
  assert.equal(status, 1)
  assert.equal(stdout, '')
  assert.match(stderr, /add the capture context that it was made for with --context/)
})

test('a service that is not there is an error, not a verdict', async (t) => {
  const { status, stdout, stderr } = await verify(t, [fresh.context, '--url', 'http://127.0.0.1:9'])
  assert.equal(status, 1)
  assert.equal(stdout, '')
  assert.match(stderr, /Cannot fetch the public key: .* \(NETWORK_ERROR\)/)
})

test('a missing argument is a mistake of usage', async (t) => {
  assert.equal((await verify(t, [])).status, 2)
})
