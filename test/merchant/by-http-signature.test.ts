import { strict as assert } from 'node:assert'
import { after, before, test } from 'node:test'

import type { LightMyRequestResponse } from 'fastify'

import { readErrorOf, type ErrorReply } from '../error-reply.ts'
import { CARD_FIELDS, stockPool } from '../flow.ts'
import { MERCHANT, startHarness, type Harness } from '../harness.ts'
import { ask, writeRequest } from '../raw-http.ts'
import {
  sha256,
  signByHttpSignature,
  type SignatureChanges,
  type Signer,
  type Unsigned,
} from '../signed-request.ts'
import { createTestClock } from '../store/clock.ts'

const BODY = JSON.stringify({ fields: CARD_FIELDS })
const SESSIONS = { target: '/flex/v2/sessions', body: BODY }
const DETAILS = { method: 'GET', target: '/flex/v2/payment-details/x' } as const
const clock = createTestClock()

let harness: Harness

before(async () => {
  harness = await startHarness({ now: clock.now })
  await stockPool(harness, 'pool-key', { count: 60, now: clock.now() })
})
after(() => harness.close())

async function send(
  changes: SignatureChanges = {},
  request: Unsigned = SESSIONS,
  signer: Signer = MERCHANT,
): Promise<LightMyRequestResponse> {
  const signed = signByHttpSignature(signer, request, { now: clock.now(), ...changes })
  return harness.service.app.inject(signed)
}

async function refused(...words: Parameters<typeof send>): Promise<Record<string, unknown>> {
  const { coatcheck }: ErrorReply = readErrorOf('AUTHENTICATION_FAILED', await send(...words))
  assert.ok(coatcheck)
  return coatcheck
}

async function accepted(...words: Parameters<typeof send>): Promise<void> {
  const reply = await send(...words)
  assert.equal(reply.statusCode, 201, reply.body)
}

const at = (seconds: number): Date => new Date(clock.now().getTime() + seconds * 1000)
const unpadded = (date: Date): string => date.toUTCString().replace(/ 0(?=\d:)/, ' ')

const ACCEPTED: Readonly<Record<string, SignatureChanges>> = {
  'the request target in parentheses': {
    components: ['host', 'date', '(request-target)', 'digest', 'v-c-merchant-id'],
  },
  'the list in another order': {
    components: ['digest', 'host', 'request-target', 'v-c-merchant-id', 'date'],
  },
  'more headers than must be signed': {
    components: ['host', 'date', 'request-target', 'digest', 'v-c-merchant-id', 'content-type'],
  },
  'v-c-date instead of date, listed as itself': {
    headers: { date: undefined, 'v-c-date': at(0).toUTCString() },
    components: ['host', 'v-c-date', 'request-target', 'digest', 'v-c-merchant-id'],
  },
  'v-c-date instead of date, listed as date': {
    headers: { date: undefined, 'v-c-date': at(0).toUTCString() },
  },
  'a date in UTC': { date: at(0).toUTCString().replace('GMT', 'UTC') },
  'the algorithm in another case': { algorithm: 'hmacsha256' },
  'a digest with its prefix in lower case': { headers: { digest: `sha-256=${sha256(BODY)}` } },
  'a clock 5 minutes behind': { now: at(-300) },
  'a clock 5 minutes ahead': { now: at(300) },
  'no date at all but the signed v-c-date': {
    headers: { date: 'never', 'v-c-date': at(0).toUTCString() },
    components: ['host', 'v-c-date', 'request-target', 'digest', 'v-c-merchant-id'],
  },
}

for (const [what, changes] of Object.entries(ACCEPTED)) {
  test(`accepts ${what}`, async () => accepted(changes))
}

test('accepts an hour of one digit', async () => {
  const early = createTestClock()
  early.advance(9 * 3600)
  assert.match(early.now().toUTCString(), / 0\d:/)
  const other = await startHarness({ now: early.now })
  const changes = { now: early.now(), date: unpadded(early.now()) }
  const reply = await other.service.app.inject(signByHttpSignature(MERCHANT, SESSIONS, changes))
  assert.equal(reply.statusCode, 201, reply.body)
  await other.close()
})

test('accepts a second identical request: the scheme cannot tell a replay', async () => {
  const signed = signByHttpSignature(MERCHANT, SESSIONS, { now: clock.now() })
  for (const _ of [1, 2]) {
    assert.equal((await harness.service.app.inject(signed)).statusCode, 201)
  }
})

// Over sockets, as inject normalises a target.
test('verifies the raw target: percent-encoding and query as sent', async () => {
  const url = await harness.listen()
  const ways: readonly Unsigned[] = [
    { ...SESSIONS, target: '/flex/v2/sessions?a=b' },
    { ...SESSIONS, target: '/flex/v2/sessions?' },
    { ...SESSIONS, target: '/flex/v2/sessions?a=%2F&a=/&%41' },
    { ...DETAILS, target: '/flex/v2/payment-details/a%2Fb%20c.d%2Be%3D%3D?x=%7e' },
    { ...DETAILS, target: '/flex/v2/payment-details/..' },
    { ...DETAILS, target: '/flex/v2/payment-details/%2e%2E' },
  ]
  for (const way of ways) {
    const signed = signByHttpSignature(MERCHANT, way, { now: clock.now() })
    const { statusCode } = await ask(url, writeRequest(signed))
    assert.equal(statusCode, way.method === 'GET' ? 404 : 201, way.target)
    const { target } = way
    const others = [`${target}&`, target.replace('?', '?&'), target.replace('%2F', '%2f')]
    for (const other of others.filter((each) => each !== target)) {
      const reply = await ask(url, writeRequest({ ...signed, url: other }))
      const { coatcheck } = readErrorOf('AUTHENTICATION_FAILED', reply)
      assert.equal(coatcheck?.['reason'], 'WRONG_SIGNATURE', other)
    }
  }
})

test('verifies the raw body: not one byte may change', async () => {
  const pretty = JSON.stringify(JSON.parse(BODY), null, 2)
  await accepted({}, { ...SESSIONS, body: pretty })
  await accepted({}, { ...SESSIONS, body: `${BODY}\n` })
  const signed = signByHttpSignature(MERCHANT, SESSIONS, { now: clock.now() })
  for (const payload of [pretty, `${BODY} `, BODY.replace('number', 'nunber'), 'x']) {
    const reply = await harness.service.app.inject({ ...signed, payload })
    const { coatcheck } = readErrorOf('AUTHENTICATION_FAILED', reply)
    assert.equal(coatcheck?.['reason'], 'DIGEST_OF_ANOTHER_BODY')
  }
})

const DIGESTS: readonly (readonly [string, string, string, RegExp])[] = [
  ['of an empty body', BODY, '', /empty body/],
  ['of pretty-printed JSON', BODY, JSON.stringify(JSON.parse(BODY), null, 2), /indentation/],
  ['of JSON without spaces', JSON.stringify(JSON.parse(BODY), null, 2), BODY, /without spaces/],
  ['with a line break at the end', BODY, `${BODY}\n`, /has lost the line break/],
  ['without the line break at the end', `${BODY}\n`, BODY, /without spaces|given a line break/],
]

for (const [what, body, digested, mistake] of DIGESTS) {
  test(`recognises the digest ${what}`, async () => {
    const digest = `SHA-256=${sha256(digested)}`
    const told = await refused({ headers: { digest } }, { ...SESSIONS, body })
    assert.equal(told['reason'], 'DIGEST_OF_ANOTHER_BODY')
    assert.match(String(told['mistake']), mistake)
    assert.equal(told['received'], digest)
    assert.equal(told['expected'], `SHA-256=${sha256(body)}`)
  })
}

test('a GET with a body is malformed, whatever its digest: nobody would read what was signed', async () => {
  const digests = [BODY, 'another'].map((text) => `SHA-256=${sha256(text)}`)
  for (const digest of digests) {
    const reply = await send({ headers: { digest } }, { ...DETAILS, body: BODY })
    readErrorOf('REQUEST_MALFORMED', reply)
  }
  readErrorOf('TOKEN_NOT_FOUND', await send({}, DETAILS))
})

test('indents no body that is nested deeper than any request: of brackets alone it would become hundreds of megabytes', async () => {
  for (const [levels, isRecognised] of [
    [16, true],
    [17, false],
  ] as const) {
    const body = `${'['.repeat(levels)}1${']'.repeat(levels)}`
    const digest = `SHA-256=${sha256(JSON.stringify(JSON.parse(body), null, 2))}`
    const told = await refused({ headers: { digest } }, { ...SESSIONS, body })
    assert.equal(told['mistake'] !== undefined, isRecognised)
  }
})

for (const digest of ['', 'SHA-256=', 'MD5=AAAA', `${sha256(BODY)},${sha256(BODY)}`, 'SHA-256=*']) {
  test(`cannot read the digest ${JSON.stringify(digest)}`, async () => {
    assert.equal((await refused({ headers: { digest } }))['reason'], 'DIGEST_UNREADABLE')
  })
}

test('tells a clock that is 5 hours off for what it is', async () => {
  for (const [hours, words] of [
    [-5, /^5 hours behind: .*time zone/],
    [5, /^5 hours ahead: .*time zone/],
    [-5.5, /^5 hours 30 minutes behind: .*time zone/],
  ] as const) {
    const told = await refused({ now: at(hours * 3600) })
    assert.equal(told['reason'], 'CLOCK_DIFFERS')
    assert.match(String(told['clockDifference']), words)
    assert.equal(told['differenceSeconds'], hours * 3600)
  }
  for (const seconds of [-301, 301]) {
    assert.equal((await refused({ now: at(seconds) }))['reason'], 'CLOCK_DIFFERS')
  }
})

test('judges the date that was signed, and every one that was', async () => {
  const stale = at(-3600).toUTCString()
  const both = ['host', 'date', 'v-c-date', 'request-target', 'digest', 'v-c-merchant-id']
  for (const headers of [{ date: stale, 'v-c-date': at(0).toUTCString() }, { 'v-c-date': stale }]) {
    const told = await refused({ headers, components: both })
    assert.equal(told['reason'], 'CLOCK_DIFFERS')
  }
  const unsigned = { headers: { date: stale, 'v-c-date': at(0).toUTCString() } }
  assert.equal((await refused(unsigned))['reason'], 'CLOCK_DIFFERS')
})

for (const left of ['host', 'date', 'request-target', 'digest', 'v-c-merchant-id']) {
  test(`demands that ${left} is signed`, async () => {
    const all = ['host', 'date', 'request-target', 'digest', 'v-c-merchant-id']
    const components = all.filter((name) => name !== left)
    const told = await refused({ components }, SESSIONS, await harness.addMerchant())
    assert.equal(told['reason'], 'NOT_COVERED')
    assert.deepEqual(told['components'], [left])
  })
}

test('takes a list without a date from no credential but one that may: it never grows old', async () => {
  const components = ['host', 'request-target', 'digest', 'v-c-merchant-id']
  const undated = { components, headers: { date: undefined } }
  const allows = { jwtV1: false, undated: true, merchants: [] }
  await accepted(undated, SESSIONS, await harness.addMerchant({ allows }))
  const strict = await refused(undated, SESSIONS, await harness.addMerchant())
  assert.deepEqual([strict['reason'], strict['components']], ['NOT_COVERED', ['date']])
})

test('judges a date that was signed, even by a credential that need not sign one', async () => {
  const allows = { jwtV1: false, undated: true, merchants: [] }
  const told = await refused({ now: at(-301) }, SESSIONS, await harness.addMerchant({ allows }))
  assert.equal(told['reason'], 'CLOCK_DIFFERS')
})

test('names every component that is not signed and every header that is missing', async () => {
  const uncovered = await refused({ components: ['host'] }, SESSIONS, await harness.addMerchant())
  assert.deepEqual(uncovered['components'], ['date', 'request-target', 'digest', 'v-c-merchant-id'])
  const missing = await refused({ sent: { date: undefined, 'v-c-merchant-id': undefined } })
  assert.equal(missing['reason'], 'HEADER_MISSING')
  assert.deepEqual(missing['headers'], ['date', 'v-c-merchant-id'])
})

test('asks for no digest where there is no body', async () => {
  readErrorOf('TOKEN_NOT_FOUND', await send({}, DETAILS))
})

test('lets no merchant sign for another', async () => {
  const [first, second] = [await harness.addMerchant(), await harness.addMerchant()]
  await accepted({}, SESSIONS, first)
  const told = await refused({}, SESSIONS, { ...first, merchantId: second.merchantId })
  assert.equal(told['reason'], 'OTHER_MERCHANT')
  const stolen = await refused({}, SESSIONS, { ...first, secret: second.secret })
  assert.equal(stolen['reason'], 'WRONG_SIGNATURE')
  for (const merchantId of [first.merchantId.toUpperCase(), ` ${first.merchantId}x`]) {
    assert.equal(
      (await refused({}, SESSIONS, { ...first, merchantId }))['reason'],
      'OTHER_MERCHANT',
    )
  }
})

test('does not take the signature of one method or path for another', async () => {
  const get = signByHttpSignature(MERCHANT, DETAILS, { now: clock.now() })
  const post = signByHttpSignature(MERCHANT, { ...SESSIONS, body: '' }, { now: clock.now() })
  const replies = [
    await harness.service.app.inject({ ...get, method: 'POST', url: '/flex/v2/sessions' }),
    await harness.service.app.inject({ ...get, url: '/flex/v2/payment-details/y' }),
    await harness.service.app.inject({ ...post, method: 'GET', url: DETAILS.target }),
  ]
  for (const reply of replies) {
    const { coatcheck } = readErrorOf('AUTHENTICATION_FAILED', reply)
    assert.equal(coatcheck?.['reason'], 'WRONG_SIGNATURE')
  }
})

for (const algorithm of ['none', 'HS256', 'HmacSHA512', 'rsa-sha256', 'hmac-sha256', ' ']) {
  test(`allows no algorithm ${JSON.stringify(algorithm)}`, async () => {
    assert.equal((await refused({ algorithm }))['reason'], 'ALGORITHM_NOT_ALLOWED')
  })
}

const DUPLICATE = 'keyid="a", keyid="b", algorithm="HmacSHA256", headers="host", signature="AA=="'
const UNREADABLE = [
  '',
  'x',
  'keyid="a"',
  'keyid=a,algorithm=b,headers=c,signature=d',
  DUPLICATE,
  ',',
]

for (const signature of UNREADABLE) {
  test(`cannot read the signature header ${JSON.stringify(signature)}`, async () => {
    const told = await refused({ sent: { signature } })
    assert.equal(told['reason'], 'SIGNATURE_HEADER_UNREADABLE')
    assert.equal(typeof told['problem'], 'string')
  })
}
