import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { verifyCaptureContext } from '../../src/client/index.ts'
import { createFlow } from '../cli/flow.ts'
import { WHOLE_FILE } from '../process.ts'
import { MLE_CLIENTS } from './compatibility.ts'
import {
  callOfficially,
  decodeClaims,
  parseNested,
  startCertifiedEmulator,
  type CertifiedCredentials,
  type Environment,
} from './emulator.ts'
import {
  recordCall,
  startRecorder,
  type Exchange,
  type Recorded,
  type Recorder,
} from './recorder.ts'

// The official Node client, unmodified, with message-level encryption forced on; a proxy in between sees what it sends.

let emulator: CertifiedCredentials
let recorder: Recorder
before(async () => {
  emulator = await startCertifiedEmulator(WHOLE_FILE)
  recorder = await startRecorder(emulator.url)
})
after(() => recorder.close())

/** Makes one call through the proxy. */
function call(environment: Environment): Promise<Recorded> {
  return recordCall(recorder, (BASE) =>
    callOfficially(WHOLE_FILE, emulator, { BASE, ...environment }),
  )
}

/** The private key of the p12, under the key id that the client reads there. */
function ownKey(): Environment {
  const { file, password } = emulator.p12
  return { MLE_RESPONSE_KEY: file, MLE_RESPONSE_PASS: password }
}

/** How the client is told to which certificate to encrypt: with a p12, it finds it there. */
function requestKey(AUTH: string): Environment {
  return AUTH === 'jwt_p12' ? {} : { MLE_REQUEST_CERT: emulator.mleCertificate }
}

function forEvery(operation: string, flags: string): Environment {
  return { MLE_MAP: JSON.stringify({ [operation]: flags }) }
}

function askedFor({ authorization }: Exchange): unknown {
  return decodeClaims(authorization.replace('Bearer ', ''))['v-c-response-mle-kid']
}

const SESSION = 'generateFlexAPICaptureContext'
const DETAILS = {
  paymentInformation: {
    card: { number: 'XXXXXXXXXXXX1111', expirationMonth: '12', expirationYear: '2099' },
  },
}
const ENVELOPE = /^\{"encryptedRequest":"[\w-]+(?:\.[\w-]+){4}"\}$/
const ENCRYPTED = /^\{"encryptedResponse":"[\w-]+(?:\.[\w-]+){4}"\}$/

for (const { version, package: SDK, ways } of MLE_CLIENTS) {
  for (const AUTH of ways) {
    test(`Node client ${version} opens a session by an encrypted request and reads encrypted details, with ${AUTH}`, async () => {
      const asking = { SDK, AUTH, ...requestKey(AUTH), ...ownKey() }
      const opened = await call({ ...asking, OP: 'flex', ...forEvery(SESSION, 'true::true') })
      assert.equal(opened.code, 0, opened.stderr)
      assert.match(opened.wire.requestBody, ENVELOPE)
      assert.equal(askedFor(opened.wire), emulator.certificateSerialNumber)
      const { url } = emulator
      const context = await verifyCaptureContext(opened.stdout.trim(), {
        origins: [url],
        publicKeyOrigin: url,
      })
      const { jti, token } = await createFlow(emulator).redeem(context, { securityCode: '123' })
      for (const [OP, REF, operation] of [
        ['payment-details', jti, 'getTransactionForTransientTokenJTI'],
        ['payment-details-v1', token, 'getTransactionForTransientToken'],
      ] as const) {
        const read = await call({ ...asking, OP, REF, ...forEvery(operation, 'false::true') })
        assert.equal(read.code, 0, read.stderr)
        assert.match(read.wire.replyBody, ENCRYPTED)
        assert.deepEqual(JSON.parse(read.stdout), DETAILS)
      }
    })

    test(`Node client ${version} understands encrypted errors, with ${AUTH}`, async () => {
      const asking = { SDK, AUTH, ...ownKey(), OP: 'payment-details', EXPECT_STATUS: '404' }
      const { code, stderr, wire } = await call(asking)
      assert.equal(code, 0, stderr)
      assert.match(wire.replyBody, ENCRYPTED)
      assert.equal(errorOf(stderr)['message'], 'No such transient token')
    })

    test(`Node client ${version} is told which key does not match, with ${AUTH}`, async () => {
      const asking = { SDK, AUTH, ...ownKey(), MLE_RESPONSE_KID: '17000001', EXPECT_STATUS: '400' }
      const { code, stderr } = await call({ ...asking, OP: 'payment-details' })
      assert.equal(code, 0, stderr)
      const { reason, received } = errorOf(stderr)['coatcheck'] as Environment
      assert.deepEqual([reason, received], ['MLE_NO_RESPONSE_KEY', '17000001'])
    })
  }

  test(`Node client ${version} opens a session with encrypted replies switched on for all operations`, async () => {
    const asking = { SDK, AUTH: 'jwt_p12', ...ownKey(), OP: 'flex' }
    const { code, stderr, stdout, wire } = await call(asking)
    assert.equal(code, 0, stderr)
    assert.equal(askedFor(wire), emulator.certificateSerialNumber)
    assert.equal(stdout.trim(), wire.replyBody)
  })
}

function errorOf(stderr: string): Readonly<Record<string, unknown>> {
  const { error } = JSON.parse(stderr) as { readonly error: { readonly text: string } }
  return parseNested(error.text)
}
