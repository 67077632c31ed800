import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { createMerchantP12 } from '../../src/certificates/create-merchant-p12.ts'
import { verifyCaptureContext } from '../../src/client/index.ts'
import { systemClock, systemRandom } from '../../src/clock-and-random.ts'
import { createFlow, type Redeemed } from '../cli/flow.ts'
import { makeFolder, WHOLE_FILE, type Ended } from '../process.ts'
import { NODE_CLIENTS, type Authenticates, type NodeClient } from './compatibility.ts'
import {
  callOfficially,
  p12Environment,
  parseNested,
  startCertifiedEmulator,
  type CertifiedCredentials,
  type Environment,
  type P12,
} from './emulator.ts'

const WRONG_SECRET = 'd3Jvbmcgc2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXM='

let emulator: CertifiedCredentials
before(async () => {
  emulator = await startCertifiedEmulator(WHOLE_FILE)
})

/** Makes one call with an official client. */
function call(environment: Environment): Promise<Ended> {
  return callOfficially(WHOLE_FILE, emulator, environment)
}

/** As {@link call}, but a client that computes the date twice may try again after a refusal that explains itself so. */
async function callPatiently(client: NodeClient, environment: Environment): Promise<Ended> {
  const { datesTwice, package: SDK } = client
  const first = await call({ ...environment, SDK })
  const isMishap =
    datesTwice &&
    environment['AUTH'] === 'http_signature' &&
    first.code !== 0 &&
    first.stderr.includes('WRONG_SIGNATURE')
  return isMishap ? call({ ...environment, SDK }) : first
}

/** Makes a p12 for the key id that is registered, with a key that is not. */
async function makeForeignP12(): Promise<P12> {
  const { merchantId, certificateSerialNumber: serialNumber } = emulator
  const password = 'another'
  const needs = { now: systemClock, random: systemRandom }
  const { p12 } = await createMerchantP12({ merchantId, serialNumber, password, ...needs })
  const file = join(makeFolder(), 'foreign.p12')
  writeFileSync(file, p12)
  return { file, password }
}

/** Opens a session with an official client, and creates a token for it with ours. */
async function redeem(client: NodeClient, AUTH: string): Promise<Redeemed> {
  const { url } = emulator
  const { code, stdout, stderr } = await callPatiently(client, { AUTH, OP: 'flex' })
  assert.equal(code, 0, stderr)
  const context = await verifyCaptureContext(stdout.trim(), {
    origins: [url],
    publicKeyOrigin: url,
  })
  // Not the Host that the client sent, which would get the shopper's card.
  assert.equal(context.claims.flx.origin, url)
  return createFlow(emulator).redeem(context, { securityCode: '123' })
}

const DETAILS = {
  paymentInformation: {
    card: { number: 'XXXXXXXXXXXX1111', expirationMonth: '12', expirationYear: '2099' },
  },
}

/** Why a call with a wrong key is refused: version 1 shows the certificate itself. */
function reasonFor({ jwt }: Authenticates): string {
  return jwt === 1 ? 'UNKNOWN_CERTIFICATE' : 'WRONG_SIGNATURE'
}

for (const client of NODE_CLIENTS) {
  const { version, package: SDK, authenticates, details } = client

  test(`the package ${SDK} is version ${version} of the official Node client`, () => {
    const manifest = createRequire(import.meta.url)(`${SDK}/package.json`) as Environment
    assert.deepEqual([manifest['name'], manifest['version']], ['cybersource-rest-client', version])
  })

  for (const way of authenticates) {
    const { authentication: AUTH } = way
    test(`Node client ${version} opens a session and reads its token back, with ${AUTH}`, async () => {
      const { jti, token } = await redeem(client, AUTH)
      const calls = details.map((OP) =>
        callPatiently(client, { AUTH, OP, REF: OP === 'payment-details' ? jti : token }),
      )
      for (const { code, stdout, stderr } of await Promise.all(calls)) {
        assert.equal(code, 0, stderr)
        assert.deepEqual(JSON.parse(stdout), DETAILS)
      }
    })

    test(`Node client ${version} is told why it is refused for a wrong key, with ${AUTH}`, async () => {
      const isCertified = AUTH === 'jwt_p12'
      const wrong = isCertified ? p12Environment(await makeForeignP12()) : { SECRET: WRONG_SECRET }
      const { code, stderr } = await call({ ...wrong, SDK, AUTH, OP: 'flex', EXPECT_STATUS: '401' })
      assert.equal(code, 0, stderr)
      const { error } = JSON.parse(stderr) as { readonly error: { readonly text: string } }
      const { response, coatcheck } = parseNested(error.text)
      assert.deepEqual(response, { rmsg: 'Authentication Failed' })
      const { reason, mistake, keyId } = coatcheck as Readonly<Record<string, unknown>>
      assert.equal(reason, reasonFor(way))
      if (isCertified) return
      assert.equal(keyId, emulator.keyId)
      assert.match(String(mistake), /secret/)
    })
  }
}
