// The official Node client, unmodified, with the one line changed that says where to call.

import { strict as assert } from 'node:assert'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { startCoatcheck, type Coatcheck } from 'coatcheck/testing'

// The client has no types of its own; this is what of it is used here.
interface Sdk {
  readonly ApiClient: new () => object
  readonly FlexAPIApi: new (
    configuration: object,
    client: object,
  ) => {
    generateFlexAPICaptureContext(
      request: object,
      callback: (error: { readonly status: number } | null, captureContext: string) => void,
    ): void
  }
}
const sdk: Sdk = createRequire(import.meta.url)('cybersource-rest-client')

function openSession({ url, merchant }: Coatcheck): Promise<string> {
  const configuration = {
    authenticationType: 'http_signature',
    runEnvironment: 'apitest.cybersource.com',
    intermediateHost: url,
    merchantID: merchant.merchantId,
    merchantKeyId: merchant.keyId,
    merchantsecretKey: merchant.secret,
    logConfiguration: { enableLog: false },
  }
  const request = { fields: { paymentInformation: { card: { number: {} } } } }
  return new Promise((resolve, reject) => {
    const flex = new sdk.FlexAPIApi(configuration, new sdk.ApiClient())
    flex.generateFlexAPICaptureContext(request, (error, captureContext) => {
      if (error === null) resolve(captureContext)
      else reject(new Error(`the client was refused with ${error.status}`))
    })
  })
}

const CARD = { paymentInformation: { card: { number: '4111111111111111' } } }

test('the official client opens a session, and its capture context takes a card', async () => {
  await using coatcheck = await startCoatcheck()
  const captureContext = await openSession(coatcheck)
  const token = await coatcheck.createToken(CARD, { captureContext })
  assert.equal(token.split('.').length, 3)
  assert.equal(coatcheck.requests.all()[0]?.scheme, 'http_signature')
})

test('a capture context of 16 minutes ago is refused, and the official client opens another session', async () => {
  await using coatcheck = await startCoatcheck()
  const captureContext = await openSession(coatcheck)
  coatcheck.clock.advance('16m')
  await assert.rejects(coatcheck.createToken(CARD, { captureContext }), {
    reason: 'VALIDATION_ERROR',
  })
  await coatcheck.createToken(CARD, { captureContext: await openSession(coatcheck) })
})

test('the official client meets the faults that are set', async () => {
  await using coatcheck = await startCoatcheck()
  coatcheck.faults.next({ kind: 'error', code: 'RATE_LIMITED' })
  await assert.rejects(openSession(coatcheck), /refused with 429/)
  await openSession(coatcheck)
})
