import { strict as assert } from 'node:assert'
import { test } from 'node:test'

import { readErrorOf } from '../../error-reply.ts'
import { MERCHANT } from '../../harness.ts'
import { decryptReply, encryptRequest, envelope } from '../../http/mle.ts'
import { certify } from '../../merchant/certified.ts'
import { SCHEMES, signByJwt } from '../../signed-request.ts'
import { paymentBy, PAYMENTS, startPaying } from './pay.ts'

const KID = '2600000000000000000001'

test('a payment can be encrypted both ways, outcome and refusal alike', async (t) => {
  const harness = await startPaying(t)
  const { administration, clock, service } = harness
  const { merchantId } = MERCHANT
  const { pem: certificate } = certify({ keyId: KID, merchantId })
  const material = { kind: 'mle-certificate', certificate } as const
  await administration.addCredential({ keyId: KID, merchantId, material })
  const jwt = await harness.token()
  const iat = Math.floor(clock.now().getTime() / 1000)
  for (const [amount, status, expected] of [
    [{ totalAmount: '1', currency: 'USD' }, 201, 'AUTHORIZED'],
    [{ totalAmount: '1' }, 400, 'INVALID_REQUEST'],
    [{ totalAmount: '2501', currency: 'USD' }, 502, 'SERVER_ERROR'],
  ] as const) {
    const body = envelope(encryptRequest(JSON.stringify(paymentBy(jwt, { amount })), { iat }))
    const claims = { 'v-c-response-mle-kid': KID }
    const signed = signByJwt(MERCHANT, { target: PAYMENTS, body }, { claims, now: clock.now() })
    const reply = await service.app.inject(signed)
    assert.equal(reply.statusCode, status)
    const opened = JSON.parse((await decryptReply(reply)).body) as Record<string, unknown>
    assert.equal(opened['status'], expected)
  }
})

test('an encrypted payment with an HTTP Signature is refused, as everywhere', async (t) => {
  const harness = await startPaying(t)
  const now = harness.clock.now()
  const body = envelope(encryptRequest(JSON.stringify(paymentBy(await harness.token()))))
  const signed = SCHEMES.http_signature(MERCHANT, { target: PAYMENTS, body }, { now })
  readErrorOf('MLE_REQUEST_REFUSED', await harness.service.app.inject(signed))
})
