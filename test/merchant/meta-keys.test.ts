import { strict as assert } from 'node:assert'
import { after, before, test } from 'node:test'
import type { LightMyRequestResponse } from 'fastify'
import { readErrorOf } from '../error-reply.ts'
import { CARD_FIELDS, stockPool } from '../flow.ts'
import { MERCHANT, startHarness, type Harness } from '../harness.ts'
import {
  signByHttpSignature,
  signByJwt,
  type SignedRequest,
  type Signer,
} from '../signed-request.ts'
import { createTestClock } from '../store/clock.ts'
import { addCertified, signV1, signV2, type Certified } from './certified.ts'

// A meta key belongs to a portfolio and acts for the merchants that it covers.

const REQUEST = { target: '/flex/v2/sessions', body: JSON.stringify({ fields: CARD_FIELDS }) }
const clock = createTestClock()
const covers = ['covered', 'closed', 'never-added']
const allows = { jwtV1: false, undated: false, merchants: covers }

let harness: Harness
let portfolio: Signer
let certified: Certified

before(async () => {
  harness = await startHarness({ now: clock.now })
  await stockPool(harness, 'pool-key', { count: 20, now: clock.now() })
  await harness.addMerchant({ id: 'covered', keyId: 'key-of-covered' })
  await harness.addMerchant({ id: 'closed', keyId: 'key-of-closed' })
  await harness.administration.update('closed', (merchant) => ({ ...merchant, disabledAt: 1 }))
  portfolio = await harness.addMerchant({ id: 'portfolio', keyId: 'meta', allows })
  certified = await addCertified(harness, {
    merchantId: 'portfolio-2',
    keyId: '22',
    jwtV1: true,
    covers,
  })
})
after(() => harness.close())

/** As the official clients do: the owner's id is signed, the merchant's is sent. */
function byOwner(signer: Signer, merchantId: string): SignedRequest {
  const sent = { 'v-c-merchant-id': merchantId }
  return signByHttpSignature(signer, REQUEST, { now: clock.now(), sent })
}

const WAYS: Readonly<Record<string, (merchantId: string) => SignedRequest>> = {
  "an HTTP Signature over the owner's id": (merchantId) => byOwner(portfolio, merchantId),
  "an HTTP Signature over the merchant's id": (merchantId) =>
    signByHttpSignature({ ...portfolio, merchantId }, REQUEST, { now: clock.now() }),
  "a JWT with the owner's iss": (merchantId) =>
    signByJwt(portfolio, REQUEST, {
      now: clock.now(),
      claims: { 'v-c-merchant-id': merchantId },
    }),
  'a JWT with a certificate': (merchantId) =>
    signV2(certified, REQUEST, { now: clock.now(), claims: { 'v-c-merchant-id': merchantId } }),
  'a JWT of version 1': (merchantId) =>
    signV1(certified, REQUEST, { now: clock.now(), header: { 'v-c-merchant-id': merchantId } }),
}

async function reasonOf(reply: LightMyRequestResponse): Promise<unknown> {
  return readErrorOf('AUTHENTICATION_FAILED', reply).coatcheck?.['reason']
}

for (const [way, sign] of Object.entries(WAYS)) {
  test(`lets a meta key act for a merchant that it covers, by ${way}`, async () => {
    const reply = await harness.service.app.inject(sign('covered'))
    assert.equal(reply.statusCode, 201, reply.body)
    const opened = harness.lines.filter((line) => line.includes('session.opened')).at(-1) ?? ''
    assert.ok(opened.includes('"merchantId":"covered"'), opened)
  })

  test(`lets a meta key act for no other merchant, by ${way}`, async () => {
    for (const merchantId of [MERCHANT.merchantId, 'never-added', 'Covered', 'nobody']) {
      const reply = await harness.service.app.inject(sign(merchantId))
      assert.equal(await reasonOf(reply), 'OTHER_MERCHANT', merchantId)
    }
  })

  test(`lets a meta key act for no merchant that is disabled, by ${way}`, async () => {
    const reply = await harness.service.app.inject(sign('closed'))
    assert.equal(await reasonOf(reply), 'MERCHANT_DISABLED')
  })
}

test('lets the owner of a meta key act for itself', async () => {
  const reply = await harness.service.app.inject(byOwner(portfolio, portfolio.merchantId))
  assert.equal(reply.statusCode, 201, reply.body)
})

test("looks for the owner's id in the string to sign of no other credential", async () => {
  const reply = await harness.service.app.inject(byOwner(MERCHANT, 'covered'))
  assert.equal(await reasonOf(reply), 'WRONG_SIGNATURE')
})

test('lets a covered merchant act for nobody else', async () => {
  const covered = { merchantId: 'covered', keyId: 'meta', secret: portfolio.secret }
  const wrong = { ...covered, keyId: 'key-of-covered' }
  const reply = await harness.service.app.inject(byOwner(wrong, 'portfolio'))
  assert.equal(await reasonOf(reply), 'WRONG_SIGNATURE')
})

test('lets a disabled owner act for nobody', async () => {
  await harness.administration.update('portfolio', (owner) => ({ ...owner, disabledAt: 1 }))
  clock.advance(10)
  for (const merchantId of ['covered', 'portfolio']) {
    const reply = await harness.service.app.inject(byOwner(portfolio, merchantId))
    assert.equal(await reasonOf(reply), 'MERCHANT_DISABLED')
  }
})
