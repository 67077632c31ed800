import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { ServiceError } from '../../src/errors.ts'
import { authenticate } from '../../src/merchant/authenticate.ts'
import { createMerchantRegistry } from '../../src/merchant/registry.ts'
import { startHarness, type Harness } from '../harness.ts'
import { CAPTURES, send, type Capture } from './capture.ts'

// These were signed with a private key, so they are verified as they are: with the certificate that some of them carry.

const CERTIFIED = CAPTURES.filter(({ name }) => name.includes('jwt_p12'))
const pem = CERTIFIED.flatMap(({ certificate }) => certificate ?? [])[0] ?? ''
const KEY_ID = '1757970970891045729358'
const ALLOWS = { jwtV1: true, undated: false, merchants: [] }

/** Starts a service of another time that knows the certificate of the captures. */
async function startAt(t: TestContext, now: Date, allows = ALLOWS): Promise<Harness> {
  const harness = await startHarness({ now: () => now })
  t.after(() => harness.close())
  const material = { kind: 'certificate', certificate: pem } as const
  const credential = { keyId: KEY_ID, merchantId: 'testmid', material, allows }
  assert.equal(await harness.administration.addCredential(credential), true)
  return harness
}

async function merchantOf(
  { store, sealer }: Harness,
  { request }: Capture,
  now: Date,
): Promise<string> {
  const registry = createMerchantRegistry({ store, sealer, now: () => now })
  const write = store.write.bind(store)
  const needs = {
    ...registry,
    write,
    now: () => now,
    toleranceSeconds: 300,
    mayDiagnose: () => true,
  }
  return (await authenticate(needs, request)).merchant.id
}

async function reasonOf(refused: Promise<unknown>): Promise<unknown> {
  const [outcome] = await Promise.allSettled([refused])
  assert.ok(outcome.status === 'rejected' && outcome.reason instanceof ServiceError)
  return { ...outcome.reason.explanation }['reason']
}

test('the captures carry one certificate, whose subject has the kid of version 2', () => {
  const certificates = CERTIFIED.flatMap(({ certificate }) => certificate ?? [])
  assert.deepEqual([CERTIFIED.length, certificates.length, new Set(certificates).size], [3, 2, 1])
  assert.match(new X509Certificate(pem).subject, new RegExp(`^serialNumber=${KEY_ID}$`, 'm'))
})

for (const capture of CERTIFIED) {
  const { name, request, signedAt } = capture

  test(`${name}: it is accepted as it was signed`, async (t) => {
    const harness = await startAt(t, signedAt)
    assert.equal(await merchantOf(harness, capture, signedAt), 'testmid')
  })

  test(`${name}: sent again to a service of its time, it opens a session`, async (t) => {
    const harness = await startAt(t, signedAt)
    const answered = await send(await harness.listen(), request)
    assert.equal(answered.statusCode, 201)
    answered.resume()
  })

  test(`${name}: it is refused when its time is over, its body is another or its certificate is not registered`, async (t) => {
    const harness = await startAt(t, signedAt)
    const late = new Date(signedAt.getTime() + 10 * 60_000)
    assert.equal(await reasonOf(merchantOf(harness, capture, late)), 'CLOCK_DIFFERS')
    const body = Buffer.concat([request.body, Buffer.from(' ')])
    const changed = { ...capture, request: { ...request, body } }
    assert.equal(await reasonOf(merchantOf(harness, changed, signedAt)), 'DIGEST_OF_ANOTHER_BODY')
    await harness.administration.remove('testmid')
    const isV1 = capture.certificate !== undefined
    const reason = isV1 ? 'UNKNOWN_CERTIFICATE' : 'UNKNOWN_KEY_ID'
    assert.equal(await reasonOf(merchantOf(harness, capture, signedAt)), reason)
  })

  test(`${name}: its version is accepted only from a credential that may use it`, async (t) => {
    const harness = await startAt(t, signedAt, { ...ALLOWS, jwtV1: false })
    const accepted = merchantOf(harness, capture, signedAt)
    if (capture.certificate === undefined) assert.equal(await accepted, 'testmid')
    else assert.equal(await reasonOf(accepted), 'JWT_V1_NOT_ALLOWED')
  })
}
