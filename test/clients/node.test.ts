import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { verifyCaptureContext } from '../../src/client/index.ts'
import { launchProgram, WHOLE_FILE, type Ended } from '../process.ts'
import { createFlow, type Credentials, type Redeemed } from '../cli/flow.ts'
import { clientEnvironment, parseNested, startEmulator } from './emulator.ts'

const CLIENT = join(import.meta.dirname, 'node-client.cjs')
const WRONG_SECRET = 'd3Jvbmcgc2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXM='

let emulator: Credentials
before(async () => {
  emulator = await startEmulator(WHOLE_FILE)
})

/** Makes one call with the official client. */
function call(environment: Readonly<Record<string, string>>): Promise<Ended> {
  return launchProgram(WHOLE_FILE, ['node', CLIENT], {
    environment: { ...clientEnvironment(emulator), ...environment },
  }).ended
}

/** Opens a session with the official client, and creates a token for it with ours. */
async function redeem(AUTH: string): Promise<Redeemed> {
  const { url } = emulator
  const { code, stdout, stderr } = await call({ AUTH, OP: 'flex' })
  assert.equal(code, 0, stderr)
  const context = await verifyCaptureContext(stdout.trim(), {
    origins: [url],
    publicKeyOrigin: url,
  })
  // Not the Host that the client sent, which would get the shopper's card.
  assert.equal(context.claims.flx.origin, url)
  return createFlow(emulator).redeem(context, { securityCode: '123' })
}

for (const AUTH of ['http_signature', 'jwt_shared_secret']) {
  test(`the official Node client opens a session and reads its token back, with ${AUTH}`, async () => {
    const { jti, token } = await redeem(AUTH)
    const calls = [call({ AUTH, OP: 'payment-details', REF: jti })]
    calls.push(call({ AUTH, OP: 'payment-details-v1', REF: token }))
    for (const { code, stdout, stderr } of await Promise.all(calls)) {
      assert.equal(code, 0, stderr)
      assert.deepEqual(JSON.parse(stdout), {
        paymentInformation: {
          card: { number: 'XXXXXXXXXXXX1111', expirationMonth: '12', expirationYear: '2099' },
        },
      })
    }
  })

  test(`the official Node client is told why it is refused, with ${AUTH}`, async () => {
    const refused = { AUTH, OP: 'flex', SECRET: WRONG_SECRET, EXPECT_STATUS: '401' }
    const { code, stderr } = await call(refused)
    assert.equal(code, 0, stderr)
    const { error } = JSON.parse(stderr) as { readonly error: { readonly text: string } }
    const { response, coatcheck } = parseNested(error.text)
    assert.deepEqual(response, { rmsg: 'Authentication Failed' })
    const { reason, mistake, keyId } = coatcheck as Record<string, unknown>
    assert.equal(reason, 'WRONG_SIGNATURE')
    assert.equal(keyId, emulator.keyId)
    assert.match(String(mistake), /secret/)
  })
}
