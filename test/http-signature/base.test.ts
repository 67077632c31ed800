import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { test } from 'node:test'

import fc from 'fast-check'

import { componentValues, signatureBase } from '../../src/http-signature/base.ts'
import { formatDigest } from '../../src/http-signature/digest.ts'
import {
  headerValues,
  withHeaderValue,
  type SignedMessage,
} from '../../src/http-signature/message.ts'
import { parseSignatureHeader } from '../../src/http-signature/parse.ts'
import { componentsFor, formatSignatureHeader } from '../../src/http-signature/sign.ts'
import vector from '../vectors/http-signature.json' with { type: 'json' }
import { readCaptures } from './capture.ts'

const HEADERS = [
  ['Host', 'apitest.cybersource.com'],
  ['Date', 'Sun, 22 Nov 2026 9:25:27 GMT'],
  ['v-c-merchant-id', 'testmid'],
] as const

function get(headers: SignedMessage['headers'], target = '/a%2Fb%20c?x=%2f&y'): SignedMessage {
  return { method: 'GET', target, headers }
}

function baseOf(message: SignedMessage, components: readonly string[]): string {
  const result = signatureBase(message, components)
  assert.ok(result.ok)
  return result.base
}

for (const { components, signature } of vector.answers) {
  test(`the published request signs to the published MAC with ${components[2]}`, () => {
    const { method, target, headers } = vector
    const base = baseOf({ method, target, headers: Object.entries(headers) }, components)
    const key = Buffer.from(vector.secret, 'base64')
    assert.equal(createHmac('sha256', key).update(base).digest('base64'), signature)
  })
}

const captures = readCaptures()

test('captures of Node and PHP clients are there to compare with', () => {
  assert.equal(captures.length, 5)
})

for (const { name, message, body, stringToSign } of captures) {
  test(`the string to sign of ${name} is rebuilt byte for byte`, () => {
    const parsed = parseSignatureHeader(headerValues(message, 'signature').join())
    assert.ok(parsed.ok)
    assert.equal(baseOf(message, parsed.parameters.components), stringToSign)
  })

  test(`the signature header of ${name} is written byte for byte`, () => {
    const [sent = ''] = headerValues(message, 'signature')
    const parsed = parseSignatureHeader(sent)
    assert.ok(parsed.ok)
    assert.equal(formatSignatureHeader(parsed.parameters), sent)
    const names = parsed.parameters.components.map((component) => component.replaceAll(/[()]/g, ''))
    assert.deepEqual(names, componentsFor(message.method))
  })

  test(`the digest header of ${name} is written byte for byte`, () => {
    const digest = formatDigest(createHash('sha256').update(body).digest('base64'))
    assert.deepEqual(headerValues(message, 'digest'), body === '' ? [] : [digest])
  })
}

test('the base keeps the order of the list, the raw target and the value as sent', () => {
  const base = baseOf(get(HEADERS), ['v-c-merchant-id', 'request-target', 'date', 'host'])
  const lines = [
    'v-c-merchant-id: testmid',
    'request-target: get /a%2Fb%20c?x=%2f&y',
    'date: Sun, 22 Nov 2026 9:25:27 GMT',
    'host: apitest.cybersource.com',
  ]
  assert.equal(base, lines.join('\n'))
})

test('`date` stands for the header v-c-date only where no date was sent', () => {
  const guide = get([['V-C-Date', 'now']])
  assert.equal(baseOf(guide, ['date']), 'date: now')
  assert.equal(baseOf(guide, ['v-c-date']), 'v-c-date: now')
  const both = get([...guide.headers, ['Date', 'then']])
  assert.deepEqual(componentValues(both, 'date'), ['then'])
  assert.deepEqual(componentValues(both, 'v-c-date'), ['now'])
})

test('`v-c-date` does not stand for the header date', () => {
  const result = signatureBase(get(HEADERS), ['v-c-date'])
  assert.deepEqual(result, { ok: false, problem: 'missing', names: ['v-c-date'] })
})

test('v-c-date stands for nothing but `date`', () => {
  const result = signatureBase(get([['v-c-date', 'now']]), ['date', 'host', 'digest'])
  assert.deepEqual(result, { ok: false, problem: 'missing', names: ['host', 'digest'] })
})

test('a header that calls itself request-target is never believed', () => {
  const message = get([['request-target', 'get /other']], '/real')
  assert.equal(baseOf(message, ['request-target']), 'request-target: get /real')
})

test('every listed header that was not sent is named', () => {
  const result = signatureBase(get(HEADERS), ['host', 'digest', 'x-other'])
  assert.deepEqual(result, { ok: false, problem: 'missing', names: ['digest', 'x-other'] })
})

test('a listed header that was sent twice is refused, in whatever case it was sent', () => {
  const message = get([...HEADERS, ['hOsT', 'apitest.cybersource.com']])
  const result = signatureBase(message, ['host', 'date'])
  assert.deepEqual(result, { ok: false, problem: 'repeated', names: ['host'] })
  assert.ok(signatureBase(message, ['date']).ok)
})

test('a value with a line break is refused, because it could imitate another line', () => {
  for (const lineBreak of ['\n', '\r', '\r\n']) {
    const message = get([['host', `a${lineBreak}date: b`]])
    const result = signatureBase(message, ['host'])
    assert.deepEqual(result, { ok: false, problem: 'malformed', names: ['host'] })
  }
})

test('another value for a header changes its line and nothing of the message given', () => {
  const message = get(HEADERS)
  const owned = withHeaderValue(message, 'V-C-Merchant-Id', 'portfolio')
  assert.equal(baseOf(owned, ['v-c-merchant-id']), 'v-c-merchant-id: portfolio')
  assert.equal(baseOf(message, ['v-c-merchant-id']), 'v-c-merchant-id: testmid')
  assert.deepEqual(withHeaderValue(message, 'x-other', 'value'), message)
})

const anyMessage = fc.record({
  method: fc.string(),
  target: fc.string({ unit: 'binary' }),
  headers: fc.array(
    fc.tuple(fc.oneof(fc.string(), fc.constantFrom('Host', 'date')), fc.string({ unit: 'binary' })),
  ),
})

test('building a base never throws', () => {
  fc.assert(
    fc.property(anyMessage, fc.array(fc.string()), (message, components) => {
      signatureBase(message, components)
    }),
  )
})

test('two requests that differ in a signed value never share a base', () => {
  const components = ['host', 'date', 'x-other']
  const values = fc.tuple(...components.map(() => fc.string({ unit: fc.constantFrom(...'a: \n') })))
  const base = (sent: readonly string[]): string | undefined => {
    const headers = components.map((name, index) => [name, sent[index] ?? ''] as const)
    const result = signatureBase(get(headers), components)
    return result.ok ? result.base : undefined
  }
  fc.assert(
    fc.property(values, values, (left, right) => {
      const leftBase = base(left)
      if (leftBase !== undefined && leftBase === base(right)) assert.deepEqual(left, right)
    }),
    { numRuns: 1000 },
  )
})
