import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import fc from 'fast-check'
import { explain } from '../../src/inspect/explain.ts'
import { renderReport } from '../../src/inspect/render.ts'
import { OperatorError } from '../../src/errors.ts'
import {
  CONTEXT,
  CONTEXT_HEADER,
  ISSUED_AT,
  JWK,
  makeJwe,
  makeJws,
  MERCHANT,
  MERCHANT_HEADER,
  TOKEN,
  TOKEN_HEADER,
} from '../cli/tokens.ts'

const PAN = '4111111111111111'
const HIDDEN = [PAN, '4111 1111 1111 1111', '4111-1111-1111-1111']

/** Everything that a user could see of an input. */
function shown(input: string): string {
  const report = explain(input, ISSUED_AT)
  return JSON.stringify(report) + renderReport(report, (_, text) => text)
}

const KINDS = [
  ['capture context', CONTEXT_HEADER, CONTEXT],
  ['transient token', TOKEN_HEADER, TOKEN],
  ['merchant JWT', MERCHANT_HEADER, MERCHANT],
  ['unknown JWT', { kid: 'k', alg: 'RS256' }, { iat: ISSUED_AT, exp: ISSUED_AT + 9 }],
] as const

for (const [kind, header, claims] of KINDS) {
  test(`a card number is not shown, wherever in a ${kind} it stands`, () => {
    for (const pan of HIDDEN) {
      for (const name of [...Object.keys(claims), 'other', pan]) {
        for (const value of [pan, [pan], { [pan]: pan }, { data: { x: pan } }, Number(PAN)]) {
          assert.ok(!shown(makeJws(header, { ...claims, [name]: value })).includes(pan), name)
        }
        assert.ok(!shown(makeJws({ ...header, [name]: pan }, claims)).includes(pan), name)
      }
    }
  })
}

const CARD_LEAVES: readonly object[] = [
  { number: { value: PAN } },
  { number: { maskedValue: PAN } },
  { number: { maskedValue: 'XXXXXXXXXXXX1111', bin: PAN } },
  { number: { maskedValue: 'XXXXXXXXXXXX1111', detectedCardTypes: [PAN] } },
  { number: PAN },
  { type: { value: PAN } },
  { [PAN]: {} },
  { securityCode: { value: { value: PAN } } },
  { type: { value: '001', [PAN]: PAN } },
]

test('content that carries more than the wire shows is not shown', () => {
  for (const card of CARD_LEAVES) {
    const content = { paymentInformation: { card } }
    assert.ok(
      !shown(makeJws(TOKEN_HEADER, { ...TOKEN, content })).includes(PAN),
      JSON.stringify(card),
    )
  }
})

test('a security code is not shown under any of its names', () => {
  for (const name of ['securityCode', 'security_code', 'cvv', 'CVC2', 'cvn']) {
    const text = shown(makeJws({ kid: 'k', alg: 'RS256' }, { [name]: '7391' }))
    assert.ok(!text.includes('7391'), name)
  }
})

test('the secret members of a key are not shown', () => {
  for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) {
    assert.ok(!shown(JSON.stringify({ ...JWK, [name]: 'c2VjcmV0' })).includes('c2VjcmV0'), name)
  }
})

test('nothing in a token steers the terminal', () => {
  const evil = '\u001b[2J\u009b31m\u202e\u0007\r\nx'
  const text = [
    shown(makeJws({ ...CONTEXT_HEADER, typ: evil, [evil]: evil }, { ...CONTEXT, iss: evil })),
    shown(makeJws(CONTEXT_HEADER, { ...CONTEXT, ctx: [{ type: evil, data: { mfOrigin: evil } }] })),
    shown(makeJws(TOKEN_HEADER, { ...TOKEN, type: `api-${evil}`, [evil]: 1 })),
    shown(JSON.stringify({ kty: evil, kid: evil })),
  ].join('')
  assert.doesNotMatch(text, /(?!\n)[\p{Cc}\p{Cf}]/u)
})

const anyJson = fc.jsonValue({ maxDepth: 3 })
const anyMembers = fc.dictionary(
  fc.oneof(fc.constantFrom(...Object.keys({ ...CONTEXT, ...TOKEN, ...MERCHANT })), fc.string()),
  fc.oneof(anyJson, fc.constant({ toString: 1, valueOf: 1 })),
)
const anyHeader = fc.dictionary(
  fc.constantFrom('kid', 'alg', 'enc', 'zip', 'cty', 'typ', 'x5c', 'crit', 'v-c-merchant-id'),
  fc.oneof(
    anyJson,
    fc.constantFrom<unknown>('RS256', 'none', 'constructor', '__proto__', {
      toString: 1,
      valueOf: 1,
    }),
  ),
)

test('whatever a token or key says, it is explained', () => {
  fc.assert(
    fc.property(anyHeader, anyMembers, (header, members) => {
      for (const input of [
        makeJws(header, members),
        makeJws(header, { flx: members, ctx: [members, { type: 'api-', data: members }] }),
        makeJws(header, { type: 'api-0.1.0', content: members, data: members }),
        makeJwe(header),
        JSON.stringify({ ...members, kty: 'RSA' }),
        JSON.stringify({ keys: [members] }),
      ]) {
        assert.ok(explain(input, ISSUED_AT).title.length > 0)
      }
    }),
  )
})

test('any other text is explained or refused in a sentence', () => {
  const alphabet = fc.constantFrom(...'eyJ{}".=+/-_ \n:0[],')
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: alphabet }), fc.string()), (input) => {
      try {
        explain(input, ISSUED_AT)
      } catch (error) {
        assert.ok(error instanceof OperatorError)
      }
    }),
  )
})
