import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'

import fc from 'fast-check'

import { signatureBase } from '../../src/http-signature/base.ts'
import { candidateBases, signatureMistake } from '../../src/http-signature/diagnose.ts'
import type { SignedMessage } from '../../src/http-signature/message.ts'
import { componentsFor } from '../../src/http-signature/sign.ts'

const KNOWN = { hosts: ['127.0.0.1:3000'], ownerId: 'portfolio' }
const DIGEST = 'ILnjq+hiDS+ZwcKdhqRfGD76u4XhUWbLu1dHvKIVy48='
const COMPONENTS = componentsFor('POST')

function request(changes: Readonly<Record<string, string>> = {}): SignedMessage {
  const { target = '/flex/v2/sessions/a%2Fb?x=%31', ...headers } = changes
  const sent = {
    Host: 'localhost:4443',
    date: 'Sun, 22 Nov 2026 09:19:59 GMT',
    Digest: `SHA-256=${DIGEST}`,
    'v-c-merchant-id': 'testmid',
    ...headers,
  }
  return { method: 'POST', target, headers: Object.entries(sent) }
}

function mac(base: string): string {
  return createHmac('sha256', 'secret').update(base).digest('base64')
}

/** Finds out by its MAC, as the service does, which mistake made a string. */
function mistakeOf(
  signed: string,
  message: SignedMessage,
  components: readonly string[] = COMPONENTS,
): string | undefined {
  const candidates = candidateBases(message, components, KNOWN)
  return candidates.find(({ base }) => mac(base) === mac(signed))?.mistake
}

const RIGHT = [
  'host: localhost:4443',
  'date: Sun, 22 Nov 2026 09:19:59 GMT',
  'request-target: post /flex/v2/sessions/a%2Fb?x=%31',
  `digest: SHA-256=${DIGEST}`,
  'v-c-merchant-id: testmid',
].join('\n')

test('the right string is not a mistake', () => {
  assert.deepEqual(signatureBase(request(), COMPONENTS), { ok: true, base: RIGHT })
  assert.equal(mistakeOf(RIGHT, request()), undefined)
})

/** Each row: what the client did, words of the sentence that tells it, and how its string differs from the right one. */
const WRONG: readonly (readonly [did: string, told: string, from: string | RegExp, to: string])[] =
  [
    ['writes parentheses', 'says `(request-target)` where', 'request-target', '(request-target)'],
    ['dates the string a second before', 'computed twice', '09:19:59', '09:19:58'],
    ['dates the string a second after', 'computed twice', '09:19:59', '09:20:00'],
    ['does so with PHP', 'computed twice', '09:19:59', '9:20:00'],
    ['writes a short hour', 'in one form in the string', '09:19:59', '9:19:59'],
    ['signs the address called', 'another host', 'localhost:4443', '127.0.0.1:3000'],
    ['signs that without its port', 'another host', 'localhost:4443', '127.0.0.1'],
    ['signs the host without its port', 'another host', ':4443', ''],
    ['signs the owner of its key', 'owner of the key', 'testmid', 'portfolio'],
    ['ends the string with LF', 'ends with a line break', /$/, '\n'],
    ['joins with CR LF', 'CR LF', /\n/g, '\r\n'],
    ['ends every line with CR LF', 'CR LF', /\n|$/g, '\r\n'],
    ['joins with an unescaped \\n', 'a backslash and an `n`', /\n/g, String.raw`\n`],
    ['writes the method in upper case', 'upper case', 'post', 'POST'],
    ['leaves out the method', 'lacks the method', 'post ', ''],
    ['leaves out the query', 'lacks the query', '?x=%31', ''],
    ['adds a slash', 'The path in the string ends with a slash', 'b?', 'b/?'],
    ['decodes the path', 'percent-decoded', '%2F', '/'],
    ['decodes path and query', 'percent-decoded', '%2Fb?x=%31', '/b?x=1'],
    ['signs its URL', 'whole URL', ' /flex', ' https://localhost:4443/flex'],
    ['signs the URL called', 'whole URL', ' /flex', ' http://127.0.0.1:3000/flex'],
    ['signs the URL without a scheme', 'whole URL', ' /flex', ' localhost:4443/flex'],
    ['signs a bare digest', 'in the string lacks the prefix', 'SHA-256=', ''],
    ['leaves out the space', 'a colon and a space', /: /g, ':'],
    ['writes v-c-date', '`v-c-date` where', 'date', 'v-c-date'],
    ['leaves out the date', 'leaves out a line', /date.*\n/, ''],
    ['leaves out the merchant id', 'leaves out a line', /\nv-c-merchant-id.*$/, ''],
  ]

for (const [did, told, from, to] of WRONG) {
  test(`a client that ${did} is told so`, () => {
    const signed = RIGHT.replace(from, to)
    assert.ok(mistakeOf(signed, request())?.includes(told))
  })
}

const sorted = RIGHT.split('\n').toSorted().join('\n')
const titled = RIGHT.replace('host', 'Host').replace('digest', 'Digest')

test('a client that signs the lines in the order of the alphabet is told so', () => {
  assert.match(mistakeOf(sorted, request()) ?? '', /another order/)
})

test('a client that signs the lines in the usual order, but lists another, is told so', () => {
  assert.match(mistakeOf(RIGHT, request(), COMPONENTS.toSorted()) ?? '', /another order/)
})

test('a client that signs more lines than it lists is told so', () => {
  assert.match(mistakeOf(RIGHT, request(), componentsFor('GET')) ?? '', /the list names others/)
  const parenthesised = RIGHT.replace('request-target', '(request-target)')
  assert.match(mistakeOf(parenthesised, request(), ['host']) ?? '', /the list names others/)
})

test('a client that signs names as it sends them, or in title case, is told so', () => {
  assert.match(mistakeOf(titled, request()) ?? '', /not in lower case/)
  const allTitled = titled.replace('date', 'Date').replace('v-c-m', 'V-C-M').replace('-id', '-Id')
  assert.match(mistakeOf(allTitled, request()) ?? '', /not in lower case/)
  const target = allTitled.replace('request-target', 'Request-Target')
  assert.match(mistakeOf(target, request()) ?? '', /not in lower case/)
})

test('a client that lists parentheses and does not sign them is told so', () => {
  const listed = COMPONENTS.map((name) => (name === 'request-target' ? `(${name})` : name))
  assert.match(mistakeOf(RIGHT, request(), listed) ?? '', /says `request-target` where/)
})

test('a client that signs v-c-date as date is told so', () => {
  const listed = COMPONENTS.map((name) => (name === 'date' ? 'v-c-date' : name))
  const message = request({ 'v-c-date': 'Sun, 22 Nov 2026 09:19:59 GMT' })
  assert.match(mistakeOf(RIGHT, message, listed) ?? '', /`v-c-date` where the list says `date`, or/)
})

test('a client that sends a slash or a bare digest that it did not sign is told so', () => {
  const slash = request({ target: '/flex/v2/sessions/a%2Fb/?x=%31' })
  assert.match(mistakeOf(RIGHT, slash) ?? '', /path of the request ends with a slash/)
  const bare = request({ Digest: DIGEST })
  assert.match(mistakeOf(RIGHT, bare) ?? '', /digest in the header lacks/)
})

test('a client that signs a question mark without a query is told so', () => {
  const message = request({ target: '/flex/v2/sessions' })
  const signed = RIGHT.replace('/a%2Fb?x=%31', '?')
  assert.match(mistakeOf(signed, message) ?? '', /question mark/)
})

test('the date keeps its zone and its short hour when it is moved by a second', () => {
  const message = request({ date: 'Sun, 22 Nov 2026 9:59:59 UTC' })
  const signed = RIGHT.replace('09:19:59 GMT', '10:00:00 UTC')
  assert.match(mistakeOf(signed, message) ?? '', /computed twice/)
})

test('a date with a short day, a short hour or both is another form', () => {
  const message = request({ date: 'Sun, 01 Nov 2026 09:19:59 GMT' })
  const right = RIGHT.replace('22 Nov', '01 Nov')
  for (const form of ['1 Nov 2026 09:', '01 Nov 2026 9:', '1 Nov 2026 9:']) {
    assert.match(mistakeOf(right.replace('01 Nov 2026 09:', form), message) ?? '', /in one form/)
  }
})

test('a request without a base has no candidates', () => {
  assert.deepEqual(candidateBases(request(), ['x-other']), [])
})

test('candidates differ from each other and from the right string, and are few', () => {
  const bases = candidateBases(request(), COMPONENTS, KNOWN).map(({ base }) => base)
  assert.equal(new Set([RIGHT, ...bases]).size, bases.length + 1)
  assert.ok(bases.length <= 60, `${bases.length} candidates`)
})

test('looking for candidates never throws, and their sentences hold no input', () => {
  const value = fc.string({ unit: 'binary', minLength: 1 })
  const names = ['host', 'date', 'digest', 'v-c-merchant-id']
  const anyRequest = fc.record({
    method: value,
    target: fc.oneof(value, fc.stringMatching(/^\/[%?a/]*$/)),
    headers: fc.tuple(...names.map((name) => fc.tuple(fc.constant(name), value))),
  })
  const sentences = new Set<string>()
  fc.assert(
    fc.property(anyRequest, value, (message, host) => {
      for (const { mistake } of candidateBases(message, COMPONENTS, { hosts: [host] })) {
        sentences.add(mistake)
      }
    }),
  )
  assert.ok(sentences.size <= 30)
})

const SHAPES: readonly (readonly [signature: string, told: RegExp])[] = [
  ['a1'.repeat(32), /in hex/],
  [DIGEST.slice(0, -1), /padding/],
  [DIGEST.replaceAll('+', '-').replaceAll('/', '_'), /base64url/],
  [Buffer.alloc(64).toString('base64'), /64 bytes/],
  [Buffer.alloc(20).toString('base64'), /SHA-1/],
  ['', /not the base64 of 32 bytes/],
  [`${DIGEST}\n`, /not the base64 of 32 bytes/],
]

for (const [signature, told] of SHAPES) {
  test(`the signature ${JSON.stringify(signature)} is not of the right form, and ${told} says why`, () => {
    assert.match(signatureMistake(signature) ?? '', told)
  })
}

test('a signature in the right form has no mistake', () => {
  assert.equal(signatureMistake(DIGEST), undefined)
})
