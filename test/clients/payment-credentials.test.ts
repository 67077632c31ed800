import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, test } from 'node:test'
import { compactDecrypt, decodeJwt, importPKCS8 } from 'jose'
import { createClient, verifyCaptureContext } from '../../src/client/index.ts'
import { createFlow, REQUEST } from '../cli/flow.ts'
import { WHOLE_FILE, type Ended } from '../process.ts'
import {
  callOfficially,
  parseNested,
  startCertifiedEmulator,
  type CertifiedCredentials,
  type Environment,
} from './emulator.ts'

// The official Node client, unmodified, asks the emulator for a card; what it is handed is decrypted with the bundled key.

const OP = 'payment-credentials'

let emulator: CertifiedCredentials
before(async () => {
  emulator = await startCertifiedEmulator(WHOLE_FILE)
})

function call(environment: Environment): Promise<Ended> {
  return callOfficially(WHOLE_FILE, emulator, { OP, ...environment })
}

async function makeCard(): Promise<string> {
  const { url } = emulator
  const { card } = REQUEST.fields.paymentInformation
  const fields = { paymentInformation: { card: { ...card, securityCode: {} } } }
  const jwt = await createClient(emulator).generateFlexAPICaptureContext({ fields })
  const context = await verifyCaptureContext(jwt, { origins: [url], publicKeyOrigin: url })
  return (await createFlow(emulator).redeem(context, { securityCode: '737' })).jti
}

async function decrypt(jwe: string): Promise<unknown> {
  const key = await importPKCS8(readFileSync(emulator.releaseKey, 'utf8'), 'RSA-OAEP-256')
  const { plaintext, protectedHeader } = await compactDecrypt(jwe, key)
  assert.equal(protectedHeader.cty, 'JWT')
  return decodeJwt(new TextDecoder().decode(plaintext))['content']
}

const CARD = { number: '4111111111111111', expirationMonth: '12', expirationYear: '2099' }

for (const AUTH of ['jwt_shared_secret', 'jwt_p12']) {
  test(`the official client is handed the card, and its security code once, with ${AUTH}`, async () => {
    const REF = await makeCard()
    for (const code of [{ securityCode: '737' }, {}]) {
      const { code: exit, stdout, stderr } = await call({ AUTH, REF })
      assert.equal(exit, 0, stderr)
      const content = await decrypt(stdout.trim())
      assert.deepEqual(content, { paymentInformation: { card: { ...CARD, ...code } } })
    }
  })
}

test('the official client is told that an HTTP Signature is not enough', async () => {
  const { code, stderr } = await call({
    AUTH: 'http_signature',
    REF: await makeCard(),
    EXPECT_STATUS: '403',
  })
  assert.equal(code, 0, stderr)
  const { error } = JSON.parse(stderr) as { readonly error: { readonly text: string } }
  const { response } = parseNested(error.text)
  assert.deepEqual(response, { rmsg: 'This operation accepts bearer JWTs of version 2 only' })
})

test('the official client is told that there is no such token', async () => {
  const REF = (await makeCard()).replace(/.$/, (last) => (last === '0' ? '1' : '0'))
  const { code, stderr } = await call({ AUTH: 'jwt_shared_secret', REF, EXPECT_STATUS: '404' })
  assert.equal(code, 0, stderr)
})
