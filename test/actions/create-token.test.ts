import { strict as assert } from 'node:assert'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { importJWK, jwtVerify } from 'jose'

import { parseJti } from '../../src/protocol/jti.ts'
import { correlationIdOf, readErrorOf } from '../error-reply.ts'
import {
  CARD,
  CARD_FIELDS,
  createToken,
  encrypt,
  encryptData,
  jtiOf,
  openSession,
  PAN,
  postJwe,
  publicKeyOf,
  readPart,
} from '../flow.ts'
import { startHarness, type Harness } from '../harness.ts'
import { sha256 } from '../signed-request.ts'
import { createTestClock } from '../store/clock.ts'
import { makeFolder } from '../store/folder.ts'

async function start(
  t: TestContext,
  options: Parameters<typeof startHarness>[0] = {},
): Promise<Harness> {
  const harness = await startHarness(options)
  t.after(() => harness.close())
  return harness
}

const DOTTED = {
  'paymentInformation.card.number': PAN,
  'paymentInformation.card.securityCode': '737',
  'paymentInformation.card.expirationMonth': '12',
  'paymentInformation.card.expirationYear': '2031',
  'paymentInformation.card.type': '001',
}

const FORMS = {
  nested: CARD,
  dotted: DOTTED,
  'bare names': CARD.paymentInformation.card,
  'all three at once': {
    ...CARD.paymentInformation.card,
    ...DOTTED,
    ...CARD,
  },
  mixed: {
    number: PAN,
    'paymentInformation.card.securityCode': '737',
    'paymentInformation.card': { expirationMonth: '12' },
    paymentInformation: { card: { expirationYear: '2031' }, 'card.type': '001' },
  },
} as const

const CONTENT = {
  paymentInformation: {
    card: {
      number: { maskedValue: 'XXXXXXXXXXXX1111', bin: '411111' },
      securityCode: {},
      expirationMonth: { value: '12' },
      expirationYear: { value: '2031' },
      type: { value: '001' },
    },
  },
}

for (const [form, data] of Object.entries(FORMS)) {
  test(`reads the data of the form: ${form}`, async (t) => {
    const harness = await start(t)
    const token = await createToken(harness, await openSession(harness), data)
    assert.deepEqual(readPart(token, 1)['content'], CONTENT)
  })
}

const BODIES = {
  'a bare JWE': ['application/jwt; charset=utf-8', (jwe: string) => jwe],
  'a bare JWE and a line break': ['application/jwt', (jwe: string) => `${jwe}\r\n`],
  'a bare JWE without a media type': [undefined, (jwe: string) => jwe],
  'JSON with keyId': [
    'application/json; charset=utf-8',
    (jwe: string) => JSON.stringify({ keyId: jwe }),
  ],
  'JSON with more members': [
    'Application/JSON',
    (jwe: string) => ` {"der":null,"keyId":"${jwe}","jwk":null}\n`,
  ],
} as const

for (const [name, [type, write]] of Object.entries(BODIES)) {
  test(`answers ${name} with 201, the bare token and its digest`, async (t) => {
    const harness = await start(t)
    const payload = write(encryptData(await openSession(harness)))
    const headers = type === undefined ? {} : { 'content-type': type }
    const url = '/flex/v2/tokens'
    const reply = await harness.service.app.inject({ method: 'POST', url, headers, payload })
    assert.equal(reply.statusCode, 201, reply.body)
    assert.match(reply.body, /^([-\w]+\.){2}[-\w]+$/)
    assert.equal(reply.headers['content-type'], 'application/jwt;charset=UTF-8')
    assert.equal(reply.headers['digest'], `SHA-256=${sha256(reply.body)}`)
    assert.equal(reply.headers['cache-control'], 'no-store')
    assert.ok(correlationIdOf(reply))
  })
}

test('writes header and claims member for member in the order of the wire', async (t) => {
  const clock = createTestClock()
  const harness = await start(t, { now: clock.now })
  const session = await openSession(harness, { now: clock.now() })
  clock.advance(100)
  const token = await createToken(harness, session)
  const header = Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()
  assert.equal(header, `{"kid":"${session.jwk.kid}","alg":"RS256"}`)
  const claims = readPart(token, 1)
  assert.deepEqual(Object.keys(claims), ['iss', 'exp', 'type', 'iat', 'jti', 'content'])
  assert.equal(claims['iss'], 'Flex/08')
  assert.equal(claims['type'], 'api-0.1.0')
  assert.equal(claims['iat'], clock.seconds())
  assert.equal(claims['exp'], clock.seconds() + 900)
})

test('lays the jti out as the wire does', async (t) => {
  const clock = createTestClock()
  const harness = await start(t, { now: clock.now })
  const session = await openSession(harness, { now: clock.now() })
  const jtis = new Set<string>()
  for (let made = 0; made < 10; made += 1) {
    const jti = jtiOf(await createToken(harness, session))
    assert.match(jti, /^1E[0-6][0-9A-Z]{49}[0-9A-F]{12}$/)
    assert.equal(Number.parseInt(jti.slice(52, 60), 16), clock.seconds() + 900)
    assert.deepEqual(parseJti(jti), { site: 'E', expiresAt: clock.seconds() + 900 })
    assert.equal(parseJti(jti.replace(/.$/, (last) => (last === '0' ? '1' : '0'))), undefined)
    jtis.add(jti)
  }
  assert.equal(jtis.size, 10)
})

test('shows order fields only as captured, and nothing that was left empty', async (t) => {
  const harness = await start(t)
  const orderInformation = {
    amountDetails: { totalAmount: '21.00', currency: 'USD' },
    billTo: { lastName: 'Ærøskøbing', email: 'a@example.com', phoneNumber: '' },
    shipTo: { country: 'DK' },
  }
  const fields = {
    ...CARD_FIELDS,
    orderInformation: {
      amountDetails: { totalAmount: {}, currency: {} },
      billTo: { lastName: {}, email: {}, phoneNumber: { required: false } },
      shipTo: { country: {} },
    },
  }
  const session = await openSession(harness, { fields })
  const card = { number: '378282246310005', securityCode: '', type: '' }
  const data = { paymentInformation: { card }, orderInformation }
  const claims = readPart(await createToken(harness, session, data), 1)
  assert.deepEqual(claims['content'], {
    paymentInformation: {
      card: { number: { maskedValue: 'XXXXXXXXXXX0005', bin: '378282' } },
    },
    orderInformation: {
      amountDetails: { totalAmount: {}, currency: {} },
      billTo: { lastName: {}, email: {} },
      shipTo: { country: {} },
    },
  })
})

for (const alg of ['RSA-OAEP', 'RSA-OAEP-256'] as const) {
  test(`accepts ${alg} with the header's members in any order`, async (t) => {
    const harness = await start(t)
    const session = await openSession(harness)
    const jwe = encryptData(session, CARD, { alg, header: { iat: 1, typ: 'JWT' } })
    assert.equal((await postJwe(harness, jwe)).statusCode, 201)
  })
}

test('ignores the jti and iat that some clients add', async (t) => {
  const harness = await start(t)
  const session = await openSession(harness)
  const plaintext = { data: CARD, context: session.jwt, index: 0, jti: 'x', iat: 1.5, aud: [] }
  assert.equal((await postJwe(harness, encrypt(session, plaintext))).statusCode, 201)
})

test('makes tokens that the jose package verifies with flx.jwk', async (t) => {
  const harness = await start(t)
  const session = await openSession(harness)
  const token = await createToken(harness, session)
  const key = await importJWK({ ...session.jwk, use: 'sig' }, 'RS256')
  const { protectedHeader } = await jwtVerify(token, key, { algorithms: ['RS256'] })
  assert.equal(protectedHeader.kid, session.jwk.kid)
  const other = await importJWK({ ...(await openSession(harness)).jwk, use: 'sig' }, 'RS256')
  await assert.rejects(jwtVerify(token, other))
})

test('makes tokens that the openssl command verifies with flx.jwk', async (t) => {
  if (spawnSync('openssl', ['version']).status !== 0) {
    t.skip('there is no openssl command')
    return
  }
  const harness = await start(t)
  const session = await openSession(harness)
  const [header, payload, signature = ''] = (await createToken(harness, session)).split('.')
  const folder = makeFolder()
  const [key, signed, bytes] = ['key.pem', 'signed', 'signature'].map((name) => join(folder, name))
  assert.ok(key && signed && bytes)
  writeFileSync(key, publicKeyOf(session.jwk).export({ type: 'spki', format: 'pem' }))
  writeFileSync(signed, `${header}.${payload}`)
  writeFileSync(bytes, Buffer.from(signature, 'base64url'))
  const words = ['dgst', '-sha256', '-verify', key, '-signature', bytes, signed]
  assert.equal(spawnSync('openssl', words).stdout.toString(), 'Verified OK\n')
})

test('names missing, undeclared and invalid fields at once, one detail a field', async (t) => {
  const harness = await start(t)
  const fields = {
    paymentInformation: { card: { number: {}, expirationMonth: {}, expirationYear: {} } },
    orderInformation: { billTo: { country: {}, email: { required: false } } },
  }
  const session = await openSession(harness, { fields })
  const data = {
    number: '4111111111111112',
    securityCode: 'abc',
    expirationYear: '31',
    orderInformation: { billTo: { country: 'XX', firstName: 'Ann', email: 7 } },
    '4111111111111111': 'x',
  }
  const { details } = readErrorOf(
    'CARD_DATA_INVALID',
    await postJwe(harness, encryptData(session, data)),
  )
  const locations = details.map(({ location }) => location)
  assert.deepEqual(
    locations.toSorted(),
    [
      'captureData.(unnamed)',
      'captureData.orderInformation.billTo.country',
      'captureData.orderInformation.billTo.email',
      'captureData.orderInformation.billTo.firstName',
      'captureData.paymentInformation.card.expirationMonth',
      'captureData.paymentInformation.card.expirationYear',
      'captureData.paymentInformation.card.number',
      'captureData.paymentInformation.card.securityCode',
    ].toSorted(),
  )
  assert.ok(!JSON.stringify(details).includes('4111111111111112'))
})

test('refuses real numbers in dev mode and says which are accepted', async (t) => {
  const harness = await start(t)
  const session = await openSession(harness)
  const jwe = encryptData(session, { number: '4444333322221111' })
  const { details } = readErrorOf('CARD_DATA_INVALID', await postJwe(harness, jwe))
  assert.deepEqual(details, [
    {
      location: 'captureData.paymentInformation.card.number',
      message: 'Only published test card numbers are accepted in dev mode',
    },
  ])
})

test('accepts any good number where no further check is set', async (t) => {
  const harness = await start(t, { checkNumber: () => undefined })
  const session = await openSession(harness)
  const jwe = encryptData(session, { number: '4444333322221111' })
  assert.equal((await postJwe(harness, jwe)).statusCode, 201)
})

test('judges the expiry of a card by the clock of the service', async (t) => {
  const clock = createTestClock()
  const harness = await start(t, { now: clock.now })
  const session = await openSession(harness, { now: clock.now() })
  const expiring = (expirationMonth: string) =>
    encryptData(session, { number: PAN, expirationMonth, expirationYear: '2023' })
  assert.equal(clock.now().toISOString().slice(0, 7), '2023-11')
  assert.equal((await postJwe(harness, expiring('11'))).statusCode, 201)
  const { details } = readErrorOf('CARD_DATA_INVALID', await postJwe(harness, expiring('10')))
  assert.deepEqual(details, [
    {
      location: 'captureData.paymentInformation.card.expirationMonth',
      message: 'Card has expired',
    },
  ])
})

const EMPTY = [{}, { number: '' }, { paymentInformation: { card: {} } }, { ...DOTTED_EMPTY() }]

function DOTTED_EMPTY(): object {
  return Object.fromEntries(Object.keys(DOTTED).map((path) => [path, '']))
}

for (const data of EMPTY) {
  test(`asks for at least one field instead of ${JSON.stringify(data)}`, async (t) => {
    const harness = await start(t)
    const session = await openSession(harness)
    readErrorOf('NO_DATA', await postJwe(harness, encryptData(session, data)))
  })
}

test('refuses one field with two values', async (t) => {
  const harness = await start(t)
  const data = { number: PAN, 'paymentInformation.card.number': '4242424242424242' }
  const jwe = encryptData(await openSession(harness), data)
  const { details } = readErrorOf('CARD_DATA_INVALID', await postJwe(harness, jwe))
  assert.deepEqual(details, [
    {
      location: 'captureData.paymentInformation.card.number',
      message: 'is given twice with different values',
    },
  ])
})

for (const index of [1, -1, 0.5, '0', true, 1e300, [], {}]) {
  test(`refuses the index ${JSON.stringify(index)}: it is no position in ctx`, async (t) => {
    const harness = await start(t)
    const session = await openSession(harness)
    const jwe = encrypt(session, { data: CARD, context: session.jwt, index })
    const reply = await postJwe(harness, jwe)
    const { details } = readErrorOf('VALIDATION_FAILED', reply)
    assert.deepEqual(
      details.map(({ location }) => location),
      ['index'],
    )
  })
}

test('takes the first entry when there is no index', async (t) => {
  const harness = await start(t)
  const session = await openSession(harness)
  const jwe = encrypt(session, { data: CARD, context: session.jwt })
  assert.equal((await postJwe(harness, jwe)).statusCode, 201)
})

test('names every member of the plaintext that is missing or mistyped', async (t) => {
  const harness = await start(t)
  const jwe = encrypt(await openSession(harness), { data: [], context: 7, index: 'x' })
  const { details } = readErrorOf('VALIDATION_FAILED', await postJwe(harness, jwe))
  assert.deepEqual(
    details.map(({ location }) => location),
    ['context', 'index', 'data'],
  )
})
