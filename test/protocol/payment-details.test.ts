import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { type CardData, FIELD_PATHS, type FieldPath } from '../../src/protocol/field-catalogue.ts'
import { createPaymentDetails } from '../../src/protocol/payment-details.ts'
import { pan as anyPan } from './arbitraries.ts'

const NUMBER = 'paymentInformation.card.number'
const CODE = 'paymentInformation.card.securityCode'

test('the security code is never shown, nor that there was one', () => {
  const cardData: CardData = new Map([
    [NUMBER, '4111111111111111'],
    [CODE, '987'],
  ])
  const json = JSON.stringify(createPaymentDetails(cardData))
  assert.equal(json.includes('987') || json.includes('securityCode'), false)
  assert.deepEqual(createPaymentDetails(new Map([[CODE, '987']])), {})
})

test('no whole number and no security code is shown, whatever was submitted', () => {
  const cardData = fc.tuple(fc.subarray([...FIELD_PATHS]), anyPan).map(([paths, pan]): CardData => {
    const valueOf = (path: FieldPath): string => (path === NUMBER ? pan : `value of ${path}`)
    return new Map(paths.map((path) => [path, valueOf(path)]))
  })
  fc.assert(
    fc.property(cardData, (data) => {
      const json = JSON.stringify(createPaymentDetails(data))
      const pan = data.get(NUMBER)
      if (pan !== undefined) assert.equal(json.includes(pan), false)
      assert.equal(json.includes('securityCode'), false)
      for (const path of data.keys())
        if (path !== NUMBER && path !== CODE) assert.ok(json.includes(`"value of ${path}"`), path)
    }),
  )
})

test('the published example is written as published', () => {
  const cardData: CardData = new Map([
    [NUMBER, '4111111111111111'],
    ['paymentInformation.card.expirationMonth', '05'],
    ['paymentInformation.card.expirationYear', '2026'],
    ['paymentInformation.card.type', '001'],
    [CODE, '123'],
    ['orderInformation.amountDetails.totalAmount', '21.00'],
    ['orderInformation.amountDetails.currency', 'USD'],
    ['orderInformation.shipTo.locality', 'Mos Eisley'],
  ])
  assert.deepEqual(createPaymentDetails(cardData), {
    paymentInformation: {
      card: {
        number: 'XXXXXXXXXXXX1111',
        expirationMonth: '05',
        expirationYear: '2026',
        type: '001',
      },
    },
    orderInformation: {
      amountDetails: { totalAmount: '21.00', currency: 'USD' },
      shipTo: { locality: 'Mos Eisley' },
    },
  })
})
