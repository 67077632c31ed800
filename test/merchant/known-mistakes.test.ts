import { strict as assert } from 'node:assert'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'

import { readErrorOf } from '../error-reply.ts'
import { CARD_FIELDS } from '../flow.ts'
import { MERCHANT, startHarness, type Harness } from '../harness.ts'
import { ask, writeRequest } from '../raw-http.ts'
import {
  sha256,
  signByHttpSignature,
  type SignatureChanges,
  type SignedRequest,
} from '../signed-request.ts'

const BODY = JSON.stringify({ fields: CARD_FIELDS })
const REQUEST = { target: '/flex/v2/sessions?x=%2F', body: BODY }
const LIST = ['host', 'date', 'request-target', 'digest', 'v-c-merchant-id']

let harness: Harness

before(async () => {
  harness = await startHarness()
})
after(() => harness.close())

interface Told {
  readonly reason: string
  readonly mistake: string
  readonly stringToSign: { readonly expected: string; readonly received?: string }
  readonly firstDifference?: {
    readonly index: number
    readonly line: number
    readonly expected: string
    readonly received: string
  }
}

async function refuse(changes: SignatureChanges): Promise<{ signed: SignedRequest; told: Told }> {
  const signed = signByHttpSignature(MERCHANT, REQUEST, changes)
  const reply = await harness.service.app.inject(signed)
  const { coatcheck } = readErrorOf('AUTHENTICATION_FAILED', reply)
  return { signed, told: coatcheck as unknown as Told }
}

/** The string that had to be signed, written here by hand. */
function baseOf({ headers }: SignedRequest): string {
  return [
    `host: ${headers['host']}`,
    `date: ${headers['date']}`,
    `request-target: post ${REQUEST.target}`,
    `digest: SHA-256=${sha256(BODY)}`,
    `v-c-merchant-id: ${MERCHANT.merchantId}`,
  ].join('\n')
}

const replaced =
  (from: string | RegExp, to: string) =>
  (base: string): string =>
    base.replace(from, to)

/** What a client signs by a known mistake, and the words that must tell it. */
const MISTAKES: Readonly<Record<string, readonly [(base: string) => string, RegExp]>> = {
  'parentheses around request-target': [
    replaced('request-target', '(request-target)'),
    /\(request-target\)/,
  ],
  'the method in upper case': [replaced('post', 'POST'), /upper case/],
  'no method': [replaced('post ', ''), /lacks the method/],
  'no query': [replaced('?x=%2F', ''), /lacks the query/],
  'a path that was decoded': [replaced('%2F', '/'), /percent-decoded/],
  'a slash at the end of the path': [replaced('sessions?', 'sessions/?'), /slash/],
  'a whole URL': [replaced('/flex', 'https://apitest.cybersource.com/flex'), /whole URL/],
  'no prefix of the digest': [replaced('SHA-256=', ''), /prefix/],
  'a line break at the end': [(base) => `${base}\n`, /line break/],
  'CR LF between the lines': [(base) => base.replaceAll('\n', '\r\n'), /CR LF/],
  'no space behind the colons': [(base) => base.replaceAll(': ', ':'), /colon/],
  'names in title case': [
    (base) => base.replaceAll(/(?<=^[a-z-]*)\b[a-z]/gm, (letter) => letter.toUpperCase()),
    /lower case/,
  ],
  'a line left out': [replaced(/digest: .*\n/, ''), /leaves out|usual lines/],
}

for (const [what, [mistaken, words]] of Object.entries(MISTAKES)) {
  test(`recognises ${what}, shows both strings and where they part`, async () => {
    const { signed, told } = await refuse({ base: mistaken })
    const expected = baseOf(signed)
    assert.equal(told.reason, 'WRONG_SIGNATURE')
    assert.equal(told.stringToSign.expected, expected)
    if (told.stringToSign.received === undefined) {
      assert.fail(`not recognised: ${told.mistake}`)
    }
    assert.equal(told.stringToSign.received, mistaken(expected))
    assert.match(told.mistake, words)
    const index = differenceOf(expected, mistaken(expected))
    assert.equal(told.firstDifference?.index, index)
    assert.equal(told.firstDifference.line, expected.slice(0, index).split('\n').length)
  })
}

/** The first differing byte; all strings here are ASCII. */
function differenceOf(expected: string, received: string): number {
  let index = 0
  while (index < expected.length && expected[index] === received[index]) index += 1
  return index
}

test('recognises a date that was computed a second time', async () => {
  const now = new Date()
  const date = now.toUTCString()
  const earlier = new Date(now.getTime() - 1000).toUTCString()
  const { told } = await refuse({ date, base: replaced(date, earlier) })
  assert.match(told.mistake, /a second apart/)
  const index = 'host: apitest.cybersource.com\ndate: '.length + differenceOf(date, earlier)
  assert.equal(told.firstDifference?.index, index)
  assert.equal(told.firstDifference.line, 2)
})

test('recognises the address that was really called instead of the host that was sent', async () => {
  const url = await harness.listen()
  const { host } = new URL(url)
  const base = replaced('apitest.cybersource.com', host)
  const signed = signByHttpSignature(MERCHANT, REQUEST, { base })
  const reply = await ask(url, writeRequest(signed))
  const { coatcheck } = readErrorOf('AUTHENTICATION_FAILED', reply)
  const told = coatcheck as unknown as Told
  assert.match(told.mistake, /another host than the `host` header/)
  assert.equal(told.stringToSign.received, base(baseOf(signed)))
  assert.equal(told.firstDifference?.index, 'host: '.length)
})

test('recognises the string of another list', async () => {
  const { told } = await refuse({
    components: [...LIST, 'content-type'],
    lines: (all) => all.slice(0, 5),
  })
  assert.equal(told.reason, 'WRONG_SIGNATURE')
  assert.ok(told.stringToSign.received)
  assert.equal(told.firstDifference?.index, told.stringToSign.received.length)
})

test('recognises a secret that was not decoded, alone or with another mistake', async () => {
  const { signed, told } = await refuse({ key: MERCHANT.secret })
  assert.match(told.mistake, /decode it from base64/)
  assert.equal(told.stringToSign.expected, baseOf(signed))
  const both = await refuse({ key: MERCHANT.secret, base: replaced('post', 'POST') })
  assert.match(both.told.mistake, /upper case/)
})

test('says that it is probably the secret when no mistake explains the signature', async () => {
  for (const key of [
    Buffer.alloc(32),
    'x',
    createHash('sha256').update(MERCHANT.secret).digest(),
  ]) {
    const { signed, told } = await refuse({ key })
    assert.match(told.mistake, /Probably a wrong secret/)
    assert.deepEqual(told.stringToSign, { expected: baseOf(signed) })
    assert.equal(told.firstDifference, undefined)
  }
})

test('recognises a signature of another form', async () => {
  const signed = signByHttpSignature(MERCHANT, REQUEST)
  const { signature = '' } = signed.headers
  const [, mac = ''] = /signature="([^"]+)"/.exec(signature) ?? []
  for (const [form, words] of [
    [Buffer.from(mac, 'base64').toString('hex'), /hex/],
    [Buffer.from(mac, 'base64').toString('hex').slice(0, 20), /not the base64 of 32 bytes/],
  ] as const) {
    const headers = { ...signed.headers, signature: signature.replace(mac, form) }
    const reply = await harness.service.app.inject({ ...signed, headers })
    const { coatcheck } = readErrorOf('AUTHENTICATION_FAILED', reply)
    assert.match(String(coatcheck?.['mistake']), words)
  }
})
