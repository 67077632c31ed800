import { strict as assert } from 'node:assert'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { decodeJws } from '../../src/jose/jws.ts'
import { MERCHANT, startHarness, type Harness } from '../harness.ts'
import { makeFolder, type Folder } from './run.ts'

let harness: Harness
let url: string

before(async () => {
  harness = await startHarness()
  url = await harness.listen()
})
after(() => harness.close())

function makeFolderWithCredentials(t: Parameters<typeof makeFolder>[0]): Folder {
  const folder = makeFolder(t)
  folder.write('flex.json', { url, ...MERCHANT })
  return folder
}

function fieldsOf(context: string): unknown {
  const ctx = decodeJws(context)?.claims['ctx']
  return Array.isArray(ctx) ? ctx[0].data : undefined
}

const CARD = 'paymentInformation.card'

test('a session is opened and its capture context printed bare, for the usual card fields', async (t) => {
  const { coatcheck } = makeFolderWithCredentials(t)
  const { status, stdout, stderr } = await coatcheck(['session', '--credentials', 'flex.json'])
  assert.equal(status, 0, stderr)
  assert.equal(stderr, '')
  assert.deepEqual(fieldsOf(stdout), {
    requiredFields: [`${CARD}.number`, `${CARD}.expirationMonth`, `${CARD}.expirationYear`],
    optionalFields: [`${CARD}.securityCode`],
  })
})

test('--field names fields in short, optional with a question mark, and HTTP Signature works too', async (t) => {
  const { coatcheck } = makeFolderWithCredentials(t)
  const { status, stdout, stderr } = await coatcheck([
    'session',
    '--credentials=flex.json',
    '--authentication=http_signature',
    '--field=number',
    '--field=billTo.country?',
    '--field=totalAmount?',
  ])
  assert.equal(status, 0, stderr)
  assert.deepEqual(fieldsOf(stdout), {
    requiredFields: [`${CARD}.number`],
    optionalFields: [
      'orderInformation.billTo.country',
      'orderInformation.amountDetails.totalAmount',
    ],
  })
})

test('--request sends a whole request, and --json prints one object', async (t) => {
  const { coatcheck } = makeFolderWithCredentials(t)
  const request = { fields: { paymentInformation: { card: { number: {} } } } }
  const args = ['session', '--credentials', 'flex.json', '--request', '-', '--json']
  const { status, stdout, stderr } = await coatcheck(args, JSON.stringify(request))
  assert.equal(status, 0, stderr)
  const { captureContext, expiresAt } = JSON.parse(stdout) as {
    readonly captureContext: string
    readonly expiresAt: number
  }
  assert.deepEqual(fieldsOf(captureContext), {
    requiredFields: [`${CARD}.number`],
    optionalFields: [],
  })
  assert.equal(expiresAt, decodeJws(captureContext)?.claims['exp'])
})

test('the credentials that the emulator left in this folder are taken without being named', async (t) => {
  const { path, write, coatcheck } = makeFolder(t)
  mkdirSync(join(path, '.coatcheck'))
  write('.coatcheck/credentials.json', { url, ...MERCHANT })
  const { status, stderr } = await coatcheck(['session'])
  assert.equal(status, 0, stderr)
  const elsewhere = await coatcheck(['session', '--url', 'https://pay.example.com'])
  assert.equal(elsewhere.status, 1)
  assert.match(elsewhere.stderr, /There are no credentials/)
})

test('what the service refuses is said with reason, details and correlation id, without a stack', async (t) => {
  const { coatcheck } = makeFolderWithCredentials(t)
  const request = { fields: { paymentInformation: { card: { number: {}, colour: {} } } } }
  const args = ['session', '--credentials', 'flex.json', '--request', '-']
  const { status, stdout, stderr } = await coatcheck(args, JSON.stringify(request))
  assert.equal(status, 1)
  assert.equal(stdout, '')
  assert.match(
    stderr,
    /^coatcheck: Cannot open a session at http:.*\(VALIDATION_ERROR, status 400\)\.$/m,
  )
  assert.match(stderr, /is not a known field$/m)
  assert.match(stderr, /^ {2}Correlation id: [0-9a-f-]{36}$/m)
  assert.doesNotMatch(stderr, /^\s+at /m)
})

test('wrong credentials, and a service that is not there, are told apart', async (t) => {
  const { coatcheck, write } = makeFolder(t)
  write('wrong.json', { url, ...MERCHANT, secret: Buffer.alloc(32).toString('base64') })
  const args = ['session', '--credentials', 'wrong.json']
  const [wrong, absent] = await Promise.all([
    coatcheck(args),
    coatcheck([...args, '--url', 'http://127.0.0.1:9']),
  ])
  assert.equal(wrong.status, 1)
  assert.match(wrong.stderr, /status 401/)
  assert.match(wrong.stderr, /Are merchantId, keyId and secret/)
  assert.equal(absent.status, 1)
  assert.match(absent.stderr, /NETWORK_ERROR/)
  assert.match(absent.stderr, /"coatcheck dev" starts the emulator/)
  assert.doesNotMatch(wrong.stderr + absent.stderr, /AAAAAAAA/)
})

const REFUSED: readonly (readonly [
  what: string,
  args: readonly string[],
  status: number,
  words: RegExp,
])[] = [
  ['no credentials', [], 1, /coatcheck dev --credentials/],
  ['an address with a path', ['--url', 'http://127.0.0.1:4010/flex'], 2, /origin without a path/],
  ['an unknown field', ['--field', 'colour'], 2, /No session can have this field/],
  [
    'a field that is two',
    ['--field', 'country'],
    2,
    /billTo\.country, orderInformation\.shipTo\.country/,
  ],
  ['a request beside fields', ['--field', 'number', '--request', '-'], 2, /cannot be used with/],
  ['a file of other JSON', ['--credentials', 'other.json'], 1, /is not a credentials file/],
  [
    'a request without fields',
    ['--credentials', 'flex.json', '--request', 'other.json'],
    1,
    /"fields"/,
  ],
]

for (const [what, args, expected, words] of REFUSED) {
  test(`${what} is refused before anything is sent`, async (t) => {
    const { coatcheck, write } = makeFolderWithCredentials(t)
    write('other.json', {})
    const { status, stderr } = await coatcheck(['session', ...args])
    assert.equal(status, expected, stderr)
    assert.match(stderr, words)
  })
}
