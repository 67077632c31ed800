import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { type CardData, FIELD_PATHS, type FieldPath } from '../../src/protocol/field-catalogue.ts'
import { parseJsonObject } from '../../src/protocol/parse.ts'
import { createTransientToken, parseTransientToken } from '../../src/protocol/transient-token.ts'
import { pan as anyPan } from './arbitraries.ts'
import { PUBLISHED_TOKENS, publishedToken } from './published-token.ts'

const NUMBER = 'paymentInformation.card.number'
const CLAIMS = {
  site: '08',
  type: 'api-0.1.0',
  issuedAt: 1_700_000_000,
  expiresAt: 1_700_000_900,
  jti: '1E0WC1GO87JG1BDP0CQ8SCR1TTK86U9N98H3WH8IFM9MVEWTIYFI62F4941E7A92',
}

function contentOf(...data: readonly (readonly [FieldPath, string])[]): unknown {
  return createTransientToken({ ...CLAIMS, cardData: new Map(data) }).content
}

test('no whole number, security code or order field is in a token, whatever was submitted', () => {
  const cardData: fc.Arbitrary<CardData> = fc
    .tuple(fc.subarray([...FIELD_PATHS], { minLength: 1 }), anyPan)
    .map(
      ([paths, pan]) =>
        new Map(paths.map((path) => [path, path === NUMBER ? pan : `secret ${path}`])),
    )
  fc.assert(
    fc.property(cardData, (data) => {
      const token = createTransientToken({ ...CLAIMS, cardData: data })
      const text = JSON.stringify(token)
      const pan = data.get(NUMBER)
      if (pan !== undefined) assert.equal(text.includes(pan), false)
      assert.equal(text.includes('secret orderInformation'), false)
      assert.equal(text.includes('secret paymentInformation.card.securityCode'), false)
    }),
  )
})

test('only submitted fields are in the content, each in its place, and most of them without a word', () => {
  assert.deepEqual(
    contentOf(
      [NUMBER, '4111111111111111'],
      ['paymentInformation.card.securityCode', '123'],
      ['orderInformation.billTo.locality', 'Berlin'],
      ['orderInformation.amountDetails.totalAmount', '21.00'],
    ),
    {
      paymentInformation: {
        card: { number: { maskedValue: 'XXXXXXXXXXXX1111', bin: '411111' }, securityCode: {} },
      },
      orderInformation: { billTo: { locality: {} }, amountDetails: { totalAmount: {} } },
    },
  )
})

test('month, year and type are shown in clear', () => {
  assert.deepEqual(
    contentOf(
      ['paymentInformation.card.expirationMonth', '05'],
      ['paymentInformation.card.expirationYear', '2031'],
      ['paymentInformation.card.type', '001'],
    ),
    {
      paymentInformation: {
        card: {
          expirationMonth: { value: '05' },
          expirationYear: { value: '2031' },
          type: { value: '001' },
        },
      },
    },
  )
})

test('a number is masked to its own length, with its first six digits as bin', () => {
  for (const [pan, maskedValue, bin] of [
    ['4222222222222', 'XXXXXXXXX2222', '422222'],
    ['378282246310005', 'XXXXXXXXXXX0005', '378282'],
    ['6304000000000000000', 'XXXXXXXXXXXXXXX0000', '630400'],
  ] as const)
    assert.deepEqual(contentOf([NUMBER, pan]), {
      paymentInformation: { card: { number: { maskedValue, bin } } },
    })
})

test('the content is that of a published token for the same card, but for the detected card types', () => {
  const published = JSON.parse(
    JSON.stringify(publishedToken('pair-mf-2.0.0-08zeS1-tt.txt').content),
  ) as { paymentInformation: { card: { number: { detectedCardTypes?: unknown } } } }
  assert.deepEqual(published.paymentInformation.card.number.detectedCardTypes, ['001'])
  delete published.paymentInformation.card.number.detectedCardTypes
  const ours = contentOf(
    ['paymentInformation.card.expirationYear', '2032'],
    [NUMBER, '4000000000001091'],
    ['paymentInformation.card.securityCode', '123'],
    ['paymentInformation.card.expirationMonth', '01'],
  )
  assert.deepEqual(ours, published)
})

test('the content is that of a published older token for the same card, without exception', () => {
  const ours = contentOf(
    [NUMBER, '4000000000001091'],
    ['paymentInformation.card.expirationMonth', '01'],
    ['paymentInformation.card.expirationYear', '2025'],
    ['paymentInformation.card.securityCode', '123'],
    ['paymentInformation.card.type', '001'],
  )
  assert.deepEqual(ours, publishedToken('pair-mf-0.11.0-085IQL-tt.txt').content)
})

test('the claims are those of the wire, in its order', () => {
  const token = createTransientToken({
    ...CLAIMS,
    cardData: new Map([[NUMBER, '4111111111111111']]),
  })
  const { iss, exp, type, iat, jti } = token
  assert.deepEqual(Object.keys(token), ['iss', 'exp', 'type', 'iat', 'jti', 'content'])
  assert.deepEqual(
    [iss, exp, type, iat, jti],
    ['Flex/08', CLAIMS.expiresAt, 'api-0.1.0', CLAIMS.issuedAt, CLAIMS.jti],
  )
  for (const name of PUBLISHED_TOKENS) {
    const published = Object.keys(publishedToken(name))
    assert.deepEqual(published, Object.keys(token).slice(0, published.length), name)
  }
})

test('what was built parses to itself', () => {
  const token = createTransientToken({
    ...CLAIMS,
    cardData: new Map([[NUMBER, '4111111111111111']]),
  })
  assert.deepEqual(parseTransientToken(parseJsonObject(JSON.stringify(token)) ?? {}), token)
})

test('claims that lack a member, or have one of another type, are no transient token', () => {
  const { content: _, ...claims } = createTransientToken({ ...CLAIMS, cardData: new Map() })
  assert.ok(parseTransientToken(claims) !== undefined)
  for (const name of Object.keys(claims)) {
    for (const value of [undefined, null, {}, [], true])
      assert.equal(parseTransientToken({ ...claims, [name]: value }), undefined, name)
  }
  assert.equal(parseTransientToken({ ...claims, exp: '1700000900' }), undefined)
})
