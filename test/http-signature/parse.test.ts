import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { parseSignatureHeader, type SignatureParameters } from '../../src/http-signature/parse.ts'
import { componentsFor, formatSignatureHeader } from '../../src/http-signature/sign.ts'

const SENT =
  'keyid="3f1c2a5e", algorithm="HmacSHA256", headers="host date request-target v-c-merchant-id", signature="pMMyu+vf/A="'

function parametersOf(value: string): SignatureParameters {
  const parsed = parseSignatureHeader(value)
  assert.ok(parsed.ok, value)
  return parsed.parameters
}

function reasonOf(value: string): string {
  const parsed = parseSignatureHeader(value)
  assert.ok(!parsed.ok, value)
  return parsed.reason
}

test('the four parameters are read', () => {
  assert.deepEqual(parametersOf(SENT), {
    keyId: '3f1c2a5e',
    algorithm: 'HmacSHA256',
    components: ['host', 'date', 'request-target', 'v-c-merchant-id'],
    signature: 'pMMyu+vf/A=',
  })
})

test('the order of parameters, spaces around commas and the case of names do not matter', () => {
  const other =
    'Signature="pMMyu+vf/A=",HEADERS="Host  DATE request-target v-c-merchant-id" ,\tkeyId="3f1c2a5e" , algorithm="HmacSHA256"'
  assert.deepEqual(parametersOf(other), parametersOf(SENT))
})

test('unknown parameters are ignored', () => {
  assert.deepEqual(parametersOf(`created="1", ${SENT}, x-other=""`), parametersOf(SENT))
})

test('both spellings of the request target are read', () => {
  const parenthesised = SENT.replace('request-target', '(request-target)')
  assert.equal(parametersOf(parenthesised).components[2], '(request-target)')
})

const NOT_A_LIST = 'The header is not a list of name="value" between commas, each name once.'
const NOT_NAMES = 'The parameter headers is not a list of names between spaces, each name once.'

const REFUSED: readonly (readonly [what: string, value: string, reason: string])[] = [
  ['an empty header', '', NOT_A_LIST],
  ['a parameter that is not quoted', SENT.replace('"3f1c2a5e"', '3f1c2a5e'), NOT_A_LIST],
  ['a parameter that occurs twice', `${SENT}, keyid="other"`, NOT_A_LIST],
  ['a parameter twice in different case', `${SENT}, keyId="other"`, NOT_A_LIST],
  ['a quote inside a value', SENT.replace('3f1c', '3f"1c'), NOT_A_LIST],
  ['a backslash inside a value', SENT.replace('3f1c', '3f\\"1c'), NOT_A_LIST],
  ['a line break inside a value', SENT.replace('3f1c', '3f\n1c'), NOT_A_LIST],
  ['a character beyond ASCII', SENT.replace('3f1c', '3fé1c'), NOT_A_LIST],
  ['a comma at the end', `${SENT},`, NOT_A_LIST],
  ['two commas in a row', SENT.replace(', ', ',, '), NOT_A_LIST],
  ['text after the last parameter', `${SENT} more`, NOT_A_LIST],
  ['a scheme before the first parameter', `Signature ${SENT}`, NOT_A_LIST],
  ['a missing parameter', SENT.replace('keyid', 'key'), 'The parameter keyid is missing or empty.'],
  ['an empty parameter', SENT.replace('3f1c2a5e', ''), 'The parameter keyid is missing or empty.'],
  [
    'no list of headers',
    SENT.replace('headers', 'x'),
    'The parameter headers is missing or empty.',
  ],
  ['a long key id', SENT.replace('3f1c', 'a'.repeat(129)), 'The parameter keyid is too long.'],
  [
    'a long signature',
    SENT.replace('pMM', 'a'.repeat(129)),
    'The parameter signature is too long.',
  ],
  ['a long header', `${SENT}, x="${'a'.repeat(2048)}"`, 'The header is too long.'],
  ['a list of spaces', SENT.replace(/host.*merchant-id/, ' '), NOT_NAMES],
  ['a component that occurs twice', SENT.replace('host', 'host Host'), NOT_NAMES],
  ['a component that is no header name', SENT.replace('host', 'host:'), NOT_NAMES],
  ['an unknown component in parentheses', SENT.replace('host', '(created)'), NOT_NAMES],
  [
    '33 components',
    SENT.replace('host', Array.from({ length: 30 }, (_, i) => `h${i}`).join(' ')),
    NOT_NAMES,
  ],
]

for (const [what, value, reason] of REFUSED) {
  test(`${what} is refused`, () => {
    assert.equal(reasonOf(value), reason)
  })
}

const headerText = fc.array(
  fc.oneof(
    fc.constantFrom(
      'keyid="',
      'headers="',
      'signature="',
      'algorithm="',
      '"',
      ', ',
      ' ',
      '\\',
      '=',
    ),
    fc.string({ unit: 'binary' }),
  ),
)

test('parsing never throws', () => {
  fc.assert(
    fc.property(headerText, (parts) => {
      parseSignatureHeader(parts.join(''))
    }),
    { numRuns: 1000 },
  )
})

test('no header up to the limit of length makes parsing slow', () => {
  const started = performance.now()
  for (const part of [' ', 'a', '"', 'a="', 'a="",', ' ,', '="']) {
    parseSignatureHeader(part.repeat(2048 / part.length))
  }
  assert.ok(performance.now() - started < 1000)
})

test('what is written is read again', () => {
  const keyId = fc.stringMatching(/^[ !#-[\]-~]{1,128}$/)
  const signature = fc.stringMatching(/^[A-Za-z0-9+/]{43}=$/)
  const method = fc.constantFrom('GET', 'delete', 'POST', 'put', 'PATCH')
  fc.assert(
    fc.property(keyId, signature, method, (id, mac, verb) => {
      const written = { keyId: id, components: componentsFor(verb), signature: mac }
      const parameters = parametersOf(formatSignatureHeader(written))
      assert.deepEqual(parameters, { ...written, algorithm: 'HmacSHA256' })
    }),
  )
})
