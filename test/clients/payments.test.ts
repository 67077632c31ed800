import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createFlow, type Redeemed } from '../cli/flow.ts'
import { makeFolder, WHOLE_FILE, type Ended } from '../process.ts'
import { NODE_CLIENTS } from './compatibility.ts'
import {
  callOfficially,
  parseNested,
  startCertifiedEmulator,
  type CertifiedCredentials,
  type Environment,
} from './emulator.ts'
import { recordCall, startRecorder, type Recorded, type Recorder } from './recorder.ts'

// The official Node client, unmodified, pays at the emulator; a proxy in between sees what it sends.

let emulator: CertifiedCredentials
let recorder: Recorder
let redeemed: Redeemed
before(async () => {
  emulator = await startCertifiedEmulator(WHOLE_FILE)
  recorder = await startRecorder(emulator.url)
  const flow = createFlow(emulator)
  redeemed = await flow.redeem(await flow.openSession())
})
after(() => recorder.close())

interface Asked {
  readonly tokenInformation?: object
  readonly totalAmount?: string
}

/** Makes one payment through the proxy. */
function pay(
  environment: Environment,
  { tokenInformation = { transientTokenJwt: redeemed.token }, totalAmount = '10.50' }: Asked = {},
): Promise<Recorded> {
  const REQUEST_JSON = join(makeFolder(), 'payment.json')
  const body = {
    clientReferenceInformation: { code: 'order-1' },
    tokenInformation,
    orderInformation: { amountDetails: { totalAmount, currency: 'EUR' } },
  }
  writeFileSync(REQUEST_JSON, JSON.stringify(body))
  const payment = { REQUEST_JSON, OP: 'payment', ...environment }
  return recordCall(recorder, (BASE) => callOfficially(WHOLE_FILE, emulator, { BASE, ...payment }))
}

interface Shown {
  readonly status: string
  readonly clientReferenceInformation: object
  readonly errorInformation?: { readonly reason: string }
  readonly coatcheck: { readonly stub: boolean; readonly signature: string }
}

function shown({ code, stdout, stderr }: Ended): Shown {
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as Shown
}

for (const { version, package: SDK, authenticates, datesTwice } of NODE_CLIENTS) {
  for (const { authentication: AUTH } of authenticates) {
    // One that dates twice is refused at times, which another test is about.
    if (datesTwice && AUTH === 'http_signature') continue
    test(`Node client ${version} pays with a transient token and with its jti, with ${AUTH}`, async () => {
      for (const tokenInformation of [
        { transientTokenJwt: redeemed.token },
        { jti: redeemed.jti },
      ]) {
        const paid = shown(await pay({ SDK, AUTH }, { tokenInformation }))
        assert.equal(paid.status, 'AUTHORIZED')
        assert.deepEqual(paid.clientReferenceInformation, { code: 'order-1' })
        assert.equal(paid.coatcheck.stub, true)
      }
    })
  }
}

test('the client reads a decline as a reply, and a bad request and a broken service as errors', async () => {
  const AUTH = 'jwt_shared_secret'
  const declined = shown(await pay({ AUTH }, { totalAmount: '2002' }))
  assert.equal(declined.status, 'DECLINED')
  assert.equal(declined.errorInformation?.reason, 'INSUFFICIENT_FUND')
  const cases = [
    ['400', { tokenInformation: { jti: 'unknown' } }, 'INVALID_DATA'],
    ['502', { totalAmount: '2502' }, 'SERVER_TIMEOUT'],
  ] as const
  for (const [EXPECT_STATUS, asked, reason] of cases) {
    const { code, stderr } = await pay({ AUTH, EXPECT_STATUS }, asked)
    assert.equal(code, 0, stderr)
    const { error } = JSON.parse(stderr) as { readonly error: { readonly text: string } }
    assert.equal(parseNested(error.text)['reason'], reason)
  }
})

const ENVELOPE = /^\{"encryptedRequest":"[\w-]+(?:\.[\w-]+){4}"\}$/
const ENCRYPTED = /^\{"encryptedResponse":"[\w-]+(?:\.[\w-]+){4}"\}$/

for (const AUTH of ['jwt_p12', 'jwt_shared_secret']) {
  test(`the client encrypts the payment and reads the encrypted reply, as for any optional operation, with ${AUTH}`, async () => {
    const { file, password } = emulator.p12
    const asking = {
      AUTH,
      MLE_REQUEST_CERT: emulator.mleCertificate,
      MLE_RESPONSE_KEY: file,
      MLE_RESPONSE_PASS: password,
    }
    const paid = await pay(asking)
    assert.equal(shown(paid).status, 'AUTHORIZED')
    assert.equal(shown(paid).coatcheck.signature, 'verified')
    assert.match(paid.wire.requestBody, ENVELOPE)
    assert.match(paid.wire.replyBody, ENCRYPTED)
    const failed = await pay(
      { ...asking, EXPECT_STATUS: '400' },
      { tokenInformation: { jti: 'unknown' } },
    )
    assert.equal(failed.code, 0, failed.stderr)
    assert.match(failed.wire.replyBody, ENCRYPTED)
    const { error } = JSON.parse(failed.stderr) as { readonly error: { readonly text: string } }
    const { details } = parseNested(error.text)
    assert.deepEqual(details, [{ field: 'tokenInformation.jti', reason: 'INVALID_DATA' }])
  })
}
