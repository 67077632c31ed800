import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { explain } from '../../src/inspect/explain.ts'
import type { Report } from '../../src/inspect/report.ts'
import { OperatorError } from '../../src/errors.ts'
import { decodeClaims } from '../client/session.ts'
import { readVector } from '../vector.ts'
import {
  CONTEXT,
  CONTEXT_HEADER,
  ISSUED_AT,
  JWK,
  makeJwe,
  makeJws,
  MERCHANT,
  MERCHANT_HEADER,
  SESSION_KID,
  TOKEN,
  TOKEN_HEADER,
} from '../cli/tokens.ts'

const NOW = ISSUED_AT + 60

function valueOf(report: Report, part: string, name: string): string | undefined {
  const rows = report.parts.find(({ title }) => title === part)?.rows
  return rows?.find((row) => row.name === name)?.value
}

function meaningOf(report: Report, part: string, name: string): string | undefined {
  const rows = report.parts.find(({ title }) => title === part)?.rows
  return rows?.find((row) => row.name === name)?.meaning
}

const CONTEXT_VECTORS = [
  ['cc-api-0.1.0-guide-sn.txt', 'Capture context, api-0.1.0'],
  ['cc-api-0.1.0-stage-j4.txt', 'Capture context, api-0.1.0'],
  ['cc-mf-2.1.0-guide-j4-card-and-check.txt', 'Capture context, mf-2.1.0'],
  ['pair-mf-0.11.0-085IQL-cc.txt', 'Capture context, mf-0.11.0'],
  ['pair-mf-2.0.0-08zeS1-cc.txt', 'Capture context, mf-2.0.0'],
] as const

for (const [file, title] of CONTEXT_VECTORS) {
  test(`${file} is a capture context without a fault, and its sealed data is not shown`, () => {
    const jwt = readVector(file)
    const claims = decodeClaims(jwt)
    const report = explain(jwt, claims.iat)
    assert.equal(report.kind, 'capture-context')
    assert.equal(report.title, title)
    assert.deepEqual(report.problems, [])
    assert.match(valueOf(report, 'flx', 'data') ?? '', /^(83|99|115) bytes, sealed$/)
    assert.equal(valueOf(report, 'flx.jwk', 'n'), '2048 bits')
    const { data } = claims.flx as unknown as { data: string }
    assert.ok(!JSON.stringify(report).includes(data.slice(0, 12)))
  })
}

const TOKEN_VECTORS = [
  ['tt-api-0.1.0-guide.txt', 'Transient token, api-0.1.0'],
  ['tt-mf-2.1.0-no-prefix.txt', 'Transient token, mf-2.1.0'],
  ['pair-mf-0.11.0-085IQL-tt.txt', 'Transient token, mf-0.11.0'],
  ['pair-mf-2.0.0-08zeS1-tt.txt', 'Transient token, mf-2.0.0'],
] as const

for (const [file, title] of TOKEN_VECTORS) {
  test(`${file} is a transient token without a fault, and the checksum of its jti is right`, () => {
    const jwt = readVector(file)
    const report = explain(jwt, decodeClaims(jwt).iat)
    assert.equal(report.kind, 'transient-token')
    assert.equal(report.title, title)
    assert.deepEqual(report.problems, [])
    assert.match(meaningOf(report, 'jti', 'checksum') ?? '', /^right/)
  })
}

test('the published token request is recognised, with the lengths of its parts', () => {
  const report = explain(readVector('jwe-tokens-request-guide.txt'), NOW)
  assert.equal(report.kind, 'token-request')
  assert.deepEqual(report.problems, [])
  assert.equal(valueOf(report, 'parts', 'encrypted key'), '256 bytes')
  assert.equal(valueOf(report, 'parts', 'ciphertext'), '1917 bytes')
})

test('a token request in JSON, as the mobile clients send it, is unwrapped', () => {
  const keyId = readVector('jwe-tokens-request-guide.txt')
  assert.equal(explain(JSON.stringify({ keyId }), NOW).kind, 'token-request')
})

const MLE_HEADER = { kid: '17000001', alg: 'RSA-OAEP-256', enc: 'A256GCM', iat: ISSUED_AT }

const VALID = [
  ['capture-context', makeJws(CONTEXT_HEADER, CONTEXT)],
  [
    'capture-context',
    makeJws(CONTEXT_HEADER, { ...CONTEXT, ctx: [{ data: {}, type: 'uc-1.0.0' }] }),
  ],
  [
    'capture-context',
    makeJws(CONTEXT_HEADER, { ...CONTEXT, ctx: [{ data: {}, type: 'gda-0.9.0' }] }),
  ],
  ['transient-token', makeJws(TOKEN_HEADER, TOKEN)],
  ['merchant-jwt-v2', makeJws(MERCHANT_HEADER, MERCHANT, 32)],
  ['token-request', makeJwe({ kid: SESSION_KID, alg: 'RSA-OAEP-256', enc: 'A256GCM' })],
  ['token-request', makeJwe({ ...MLE_HEADER, kid: SESSION_KID })],
  ['payment-credentials', makeJwe({ kid: 'm1', alg: 'RSA-OAEP-256', enc: 'A256GCM', cty: 'JWT' })],
  [
    'payment-credentials',
    makeJwe({ kid: 'm1', alg: 'RSA-OAEP-256', enc: 'A256GCM', cty: 'JWT' }, [512, 12, 9, 16]),
  ],
  ['mle', makeJwe({ ...MLE_HEADER, cty: 'JWT' })],
  ['mle', makeJwe(MLE_HEADER, [384, 12, 9, 16])],
  ['mle', JSON.stringify({ encryptedRequest: makeJwe(MLE_HEADER) })],
  ['mle', JSON.stringify({ encryptedResponse: makeJwe(MLE_HEADER) })],
  ['jwk', JSON.stringify({ ...JWK, kid: 'zu' }, null, 2)],
  ['jwks', JSON.stringify({ keys: [JWK, { ...JWK, kid: 'zu', use: 'sig', alg: 'RS256' }] })],
  ['jti', TOKEN.jti],
  [
    'jwt',
    makeJws({ kid: 'k', alg: 'RS256' }, { sub: 'someone', iat: ISSUED_AT, exp: ISSUED_AT + 9000 }),
  ],
] as const

for (const [kind, input] of VALID) {
  test(`a ${kind} of the right form is recognised and shows no fault`, () => {
    const report = explain(input, NOW)
    assert.equal(report.kind, kind)
    assert.deepEqual(report.problems, [])
  })
}

const context = (claims: object, header: object = CONTEXT_HEADER): string =>
  makeJws(header, { ...CONTEXT, ...claims })
const flx = (members: object): string => context({ flx: { ...CONTEXT.flx, ...members } })
const token = (claims: object, header: object = TOKEN_HEADER): string =>
  makeJws(header, { ...TOKEN, ...claims })
const merchant = (claims: object, header: object = MERCHANT_HEADER): string =>
  makeJws(header, { ...MERCHANT, ...claims }, 32)
const jwe = (header: object, lengths?: readonly number[]): string =>
  makeJwe({ kid: SESSION_KID, alg: 'RSA-OAEP', enc: 'A256GCM', ...header }, lengths)
const jwk = (members: object): string => JSON.stringify({ ...JWK, ...members })
const { jwk: _key, ...flxWithoutKey } = CONTEXT.flx

/** What is wrong, the input, and the sentence that must say so. */
const FAULTS: readonly (readonly [fault: string, input: string, problem: RegExp])[] = [
  ['alg none', context({}, { kid: 'zu', alg: 'none' }), /^header alg is none: nothing signs it/],
  [
    'an unregistered alg',
    context({}, { kid: 'zu', alg: 'RS1' }),
    /^header alg is not a registered/,
  ],
  [
    'an alg that its kind never has',
    context({}, { kid: 'zu', alg: 'HS256' }),
    /^header alg must be RS256 here/,
  ],
  ['no alg', context({}, { kid: 'zu' }), /^header alg is missing/],
  ['no kid', context({}, { alg: 'RS256' }), /^header kid is missing/],
  ['a critical extension', context({}, { ...CONTEXT_HEADER, crit: ['b64'] }), /^header crit asks/],
  [
    'a session kid in its header',
    context({}, { kid: SESSION_KID, alg: 'RS256' }),
    /^header kid .* a signing key’s/,
  ],
  [
    'a signing kid in a token',
    token({}, { kid: 'zu', alg: 'RS256' }),
    /^header kid .* a session key’s/,
  ],
  [
    'a signing kid as its session key',
    flx({ jwk: { ...JWK, kid: 'zu' } }),
    /^flx\.jwk\.kid has not the form/,
  ],
  [
    'a short session key',
    flx({ jwk: { ...JWK, n: JWK.n.slice(0, 171) } }),
    /^flx\.jwk\.n has 102\d bits: too short/,
  ],
  [
    'a key with its private half',
    flx({ jwk: { ...JWK, d: 'c2VjcmV0' } }),
    /^flx\.jwk\.d belongs to a private/,
  ],
  ['no session key', context({ flx: flxWithoutKey }), /^flx\.jwk is missing/],
  ['no flx', makeJws(CONTEXT_HEADER, { ctx: CONTEXT.ctx }), /^flx is missing/],
  ['no ctx', context({ ctx: [] }), /^ctx has no entry/],
  ['another path', flx({ path: '/flex/v1/tokens' }), /^flx\.path is not \/flex\/v2\/tokens/],
  [
    'a plain http origin',
    flx({ origin: 'http://pay.example.com' }),
    /^flx\.origin is not an https origin/,
  ],
  ['sealed data in base64url', flx({ data: '-_8' }), /^flx\.data is not standard base64/],
  [
    'a field that no session has',
    context({ ctx: [{ type: 'api-0.1.0', data: { requiredFields: ['a.b'] } }] }),
    /names a field that no session has: a\.b/,
  ],
  [
    'a type of no known kind',
    context({ ctx: [{ type: 'xx-1', data: {} }] }),
    /^ctx\[0\]\.type is of no known kind/,
  ],
  ['another issuer', context({ iss: 'Flux API' }), /^iss is not Flex API/],
  ['a jti of another form', context({ jti: 'short' }), /^jti has not the form of 16 characters/],
  ['exp before iat', context({ exp: ISSUED_AT - 900 }), /^exp is not later than iat/],
  [
    'another lifetime',
    context({ exp: ISSUED_AT + 3600 }),
    /^exp − iat is 3600 seconds; a capture context is good for 900/,
  ],
  [
    'another lifetime',
    token({ exp: ISSUED_AT + 894 }),
    /^exp − iat is 894 seconds; a transient token is good for 900/,
  ],
  ['times in milliseconds', context({ iat: ISSUED_AT * 1000 }), /^iat is in milliseconds/],
  ['a time as text', context({ exp: '1800000900' }), /^exp is not a number/],
  [
    'an expired context',
    context({ iat: NOW - 1080, exp: NOW - 180 }),
    /^exp has passed: it expired 3 minutes ago/,
  ],
  [
    'an issue in the future',
    context({ iat: NOW + 300, exp: NOW + 1200 }),
    /^iat is ahead of this machine’s clock by 5 minutes/,
  ],
  ['no exp', makeJws({ kid: 'k', alg: 'RS256' }, { iat: ISSUED_AT }), /^exp is missing/],
  [
    'a wrong checksum',
    token({ jti: `${TOKEN.jti.slice(0, -4)}0000` }),
    /^jti has a wrong checksum/,
  ],
  ['a jti of another layout', token({ jti: 'a-b-c' }), /^jti has not the layout/],
  [
    'a jti of another expiry',
    token({ exp: ISSUED_AT + 899 }),
    /^jti names another expiry than exp/,
  ],
  [
    'a number that is not masked',
    token({
      content: { paymentInformation: { card: { number: { maskedValue: '4111111111111111' } } } },
    }),
    /^content\.paymentInformation\.card\.number carries more/,
  ],
  [
    'a security code',
    token({ content: { paymentInformation: { card: { securityCode: { value: '123' } } } } }),
    /^content\.paymentInformation\.card\.securityCode carries more/,
  ],
  [
    'a whole number in its older form',
    token({ data: { number: '4111111111111111' } }),
    /^data\.number is not masked/,
  ],
  [
    'a life of more than 300 seconds',
    merchant({ exp: ISSUED_AT + 301 }),
    /^exp − iat is 301 seconds; more than 300 is refused/,
  ],
  [
    'no method',
    makeJws(MERCHANT_HEADER, { 'v-c-merchant-id': 'm' }, 32),
    /^request-method is missing/,
  ],
  [
    'a path with its host',
    merchant({ 'request-resource-path': 'https://h/flex' }),
    /^request-resource-path has not the form of a path/,
  ],
  [
    'a digest with its prefix',
    merchant({ digest: 'SHA-256=RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=' }),
    /^digest has not the form .* without a prefix/,
  ],
  ['no digest of a POST', merchant({ digest: undefined }), /^digest is missing/],
  [
    'a signature of another length',
    makeJws(MERCHANT_HEADER, MERCHANT, 256),
    /^The signature has 256 bytes; HS256 makes 32/,
  ],
  ['no signature', makeJws(CONTEXT_HEADER, CONTEXT, 0), /^There is no signature/],
  ['a JWE with RSA1_5', jwe({ alg: 'RSA1_5' }), /^header alg is RSA1_5: open to padding attacks/],
  ['a JWE with another alg', jwe({ alg: 'dir' }), /^header alg must be RSA-OAEP or RSA-OAEP-256/],
  ['a JWE that is not for A256GCM', jwe({ enc: 'A128CBC-HS256' }), /^header enc must be A256GCM/],
  ['a compressed JWE', jwe({ zip: 'DEF' }), /^header zip asks for compression/],
  ['a JWE without kid', makeJwe({ alg: 'RSA-OAEP', enc: 'A256GCM' }), /^header kid is missing/],
  ['a JWE for no session key', jwe({ kid: 'zu' }), /^header kid .* a session key’s/],
  [
    'an encrypted key of another length',
    jwe({}, [384, 12, 9, 16]),
    /^The encrypted key has 384 bytes; it must have 256/,
  ],
  [
    'a key that no recipient may have',
    makeJwe({ ...MLE_HEADER }, [128, 12, 9, 16]),
    /^The encrypted key has 128 bytes; it must have 256 to 512/,
  ],
  ['an iv of another length', jwe({}, [256, 16, 9, 16]), /^The iv has 16 bytes; it must have 12/],
  ['a short tag', jwe({}, [256, 12, 9, 12]), /^The tag has 12 bytes; it must have 16/],
  ['no ciphertext', jwe({}, [256, 12, 0, 16]), /^The ciphertext is empty/],
  ['quotes around it', `"${context({})}"`, /^Quotes stand around it/],
  ['line breaks inside', context({}).replace('.', '\n.'), /^Line breaks or spaces are inside it/],
  ['“Bearer” before it', `Authorization: Bearer ${merchant({})}`, /^“Bearer” stands before it/],
  ['padding', `${context({})}==`, /^The signature is padded with =/],
  ['standard base64', `${context({}).slice(0, -2)}+/`, /^The signature is standard base64/],
  [
    'a last character that is not canonical',
    context({}).replace(/.$/, 'x'),
    /^The signature is not canonical base64url/,
  ],
  [
    'a payload that is no JSON',
    `${context({}).split('.', 1)[0]}.e30x.AAAA`,
    /^The payload is not a JSON object/,
  ],
  ['a short RSA key', jwk({ n: JWK.n.slice(0, 171) }), /^jwk\.n has 102\d bits: too short/],
  ['another kind of key', jwk({ kty: 'EC' }), /^jwk\.kty must be RSA/],
  ['no kid', JSON.stringify({ ...JWK, kid: undefined }), /^jwk\.kid is missing/],
  [
    'a private key',
    jwk({ d: 'c2VjcmV0', p: 'c2VjcmV0' }),
    /^jwk\.p belongs to a private or secret key/,
  ],
  ['one kid twice', JSON.stringify({ keys: [JWK, JWK] }), /^Two keys have the same kid/],
  ['no keys', JSON.stringify({ keys: [] }), /^The set has no keys/],
]

for (const [fault, input, problem] of FAULTS) {
  const { kind } = explain(input, NOW)
  test(`${fault} of a ${kind} is flagged`, () => {
    const { problems } = explain(input, NOW)
    assert.ok(
      problems.some((sentence) => problem.test(sentence)),
      problems.join('\n'),
    )
  })
}

test('an expiry is given as a date and in words', () => {
  const report = explain(context({ iat: NOW - 1080, exp: NOW - 180 }), NOW)
  assert.equal(meaningOf(report, 'claims', 'exp'), '2027-01-15 07:58:00 UTC, expired 3 minutes ago')
})

test('a merchant JWT of version 1 is recognised by its header, with its date of signing', () => {
  const header = { typ: 'JWT', alg: 'RS256', 'v-c-merchant-id': 'testmid', x5c: ['AAAA'] }
  const iat = new Date(ISSUED_AT * 1000).toUTCString()
  const report = explain(
    makeJws(header, { iat, digest: MERCHANT.digest, digestAlgorithm: 'SHA-256' }),
    NOW,
  )
  assert.equal(report.kind, 'merchant-jwt-v1')
  assert.match(meaningOf(report, 'claims', 'iat') ?? '', /signed 60 seconds ago/)
  assert.deepEqual(report.problems, [
    'Version 1 has no exp, no jti and no binding to a request: it can be replayed. Use version 2.',
  ])
})

const UNREADABLE = [
  ['text without dots', 'hello', /1 parts between dots/],
  ['two parts', 'eyJhbGciOiJub25lIn0.e30', /2 parts between dots/],
  ['a header that is not JSON', 'aGVsbG8.e30.AAAA', /first part is not a JSON object/],
  ['broken JSON', '{"kty": ', /begins like JSON/],
  ['JSON of something else', '{"number": "4111111111111111"}', /neither kty, keys nor keyId/],
] as const

for (const [what, input, why] of UNREADABLE) {
  test(`${what} is refused with the reason, without being quoted`, () => {
    assert.throws(
      () => explain(input, NOW),
      (error: unknown) => {
        assert.ok(error instanceof OperatorError)
        assert.match(error.problem, why)
        assert.ok(!error.message.includes(input))
        return true
      },
    )
  })
}
