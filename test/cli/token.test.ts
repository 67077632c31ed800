import { strict as assert } from 'node:assert'
import { after, before, test } from 'node:test'
import { decodeJws } from '../../src/jose/jws.ts'
import { createClient, type CaptureContextRequest } from '../../src/client/index.ts'
import { MERCHANT, startHarness, type Harness } from '../harness.ts'
import { makeFolder, type Folder, type Run } from './run.ts'

let harness: Harness
let url: string
let context: string

async function openSession(card: object): Promise<string> {
  const request: CaptureContextRequest = { fields: { paymentInformation: { card } } }
  return createClient({ url, ...MERCHANT }).generateFlexAPICaptureContext(request)
}

before(async () => {
  harness = await startHarness()
  url = await harness.listen()
  const optional = { required: false }
  context = await openSession({
    number: {},
    expirationMonth: optional,
    expirationYear: optional,
    securityCode: optional,
  })
})
after(() => harness.close())

async function token({ coatcheck }: Folder, args: readonly string[], input?: string): Promise<Run> {
  return coatcheck(['token', '--url', url, ...args], input)
}

/** What `--json` prints. */
interface Printed {
  readonly transientToken: string
  readonly jti: string
  readonly expiresAt: number
  readonly captureContext: string
  readonly content: { readonly paymentInformation: { readonly card: object } }
}

function contentOf(jwt: string): unknown {
  return decodeJws(jwt)?.claims['content']
}

test('without a context a session is opened first, so that one command gives a token', async (t) => {
  const folder = makeFolder(t)
  folder.write('flex.json', { url, ...MERCHANT })
  const { status, stdout, stderr } = await folder.coatcheck(['token', '--credentials', 'flex.json'])
  assert.equal(status, 0, stderr)
  const year = String(new Date().getUTCFullYear() + 3)
  assert.deepEqual(contentOf(stdout), {
    paymentInformation: {
      card: {
        number: { maskedValue: 'XXXXXXXXXXXX1111', bin: '411111' },
        expirationMonth: { value: '12' },
        expirationYear: { value: year },
      },
    },
  })
})

test('a context comes as it is, from a file, or by a pipe', async (t) => {
  const folder = makeFolder(t)
  folder.write('context.jwt', `${context}\n`)
  const runs = await Promise.all([
    token(folder, ['--context', context]),
    token(folder, ['--context', 'context.jwt']),
    token(folder, ['--context', '-'], `${context}\n`),
  ])
  for (const { status, stdout, stderr } of runs) {
    assert.equal(status, 0, stderr)
    assert.equal(decodeJws(stdout)?.claims['type'], 'api-0.1.0')
  }
})

test('card fields are set one by one, and --json prints what the token says', async (t) => {
  const card = [
    '--number',
    '378282246310005',
    '--security-code',
    '1234',
    '--expiration-month',
    '01',
  ]
  const args = ['--context', context, ...card, '--expiration-year', '2099', '--json']
  const { status, stdout, stderr } = await token(makeFolder(t), args)
  assert.equal(status, 0, stderr)
  const printed = JSON.parse(stdout) as Printed
  assert.deepEqual(printed.content.paymentInformation.card, {
    number: { maskedValue: 'XXXXXXXXXXX0005', bin: '378282' },
    expirationMonth: { value: '01' },
    expirationYear: { value: '2099' },
    securityCode: {},
  })
  assert.equal(printed.jti, decodeJws(printed.transientToken)?.claims['jti'])
  assert.equal(printed.captureContext, context)
  assert.ok(printed.expiresAt > 0)
})

test('card data comes from standard input, so that no command line holds it', async (t) => {
  const data = { paymentInformation: { card: { number: '5555555555554444' } } }
  const args = ['--context', context, '--data', '-']
  const { status, stdout, stderr } = await token(makeFolder(t), args, JSON.stringify(data))
  assert.equal(status, 0, stderr)
  assert.deepEqual(contentOf(stdout), {
    paymentInformation: {
      card: { number: { maskedValue: 'XXXXXXXXXXXX4444', bin: '555555' } },
    },
  })
})

test('only those defaults are sent that the session declares', async (t) => {
  const numberOnly = await openSession({ number: {} })
  const { status, stderr } = await token(makeFolder(t), ['--context', numberOnly])
  assert.equal(status, 0, stderr)
})

test('what the service refuses is said for each field, without the number', async (t) => {
  const args = ['--context', context, '--number', '4111111111111112']
  const { status, stdout, stderr } = await token(makeFolder(t), args)
  assert.equal(status, 1)
  assert.equal(stdout, '')
  assert.match(stderr, /Cannot create a token: .* \(VALIDATION_ERROR, status 400\)/)
  assert.match(stderr, /Invalid card number format/)
  assert.ok(!stderr.includes('4111111111111112'))
})

test('card data goes to no other origin than the service’s, unless it is allowed', async (t) => {
  const folder = makeFolder(t)
  const elsewhere = await startHarness({ publicOrigin: 'https://pay.example.com' })
  t.after(() => elsewhere.close())
  const address = await elsewhere.listen()
  const client = createClient({ url: address, ...MERCHANT })
  const fields = { paymentInformation: { card: { number: {} } } }
  const foreign = await client.generateFlexAPICaptureContext({ fields })
  const args = ['token', '--url', address, '--context', foreign]
  const { status, stderr } = await folder.coatcheck(args)
  assert.equal(status, 1)
  assert.match(stderr, /ORIGIN_NOT_ALLOWED/)
  assert.match(stderr, /allow it with --origin/)
})

test('a context of another service is refused before anything is encrypted', async (t) => {
  const [header, claims] = context.split('.')
  const forged = `${header}.${claims}.${Buffer.alloc(256).toString('base64url')}`
  const { status, stderr } = await token(makeFolder(t), ['--context', forged])
  assert.equal(status, 1)
  assert.match(stderr, /Cannot use the capture context: .* \(CAPTURE_CONTEXT_INVALID\)/)
})

test('localhost stands for the loopback address that the emulator names', async (t) => {
  const { port } = new URL(url)
  const args = ['token', '--url', `http://localhost:${port}`, '--context', context]
  const { status, stderr } = await makeFolder(t).coatcheck(args)
  assert.equal(status, 0, stderr)
})

const REFUSED: readonly (readonly [
  what: string,
  args: readonly string[],
  status: number,
  words: RegExp,
])[] = [
  [
    'card data beside single fields',
    ['--data', '-', '--number', '4111111111111111'],
    2,
    /cannot be used with/,
  ],
  ['standard input for two things', ['--context', '-', '--data', '-'], 2, /both context and data/],
  ['no context and no credentials', [], 1, /There are no credentials/],
  [
    'a context file that is not there',
    ['--context', 'missing.jwt'],
    1,
    /cannot be read \(ENOENT\)/,
  ],
]

for (const [what, args, expected, words] of REFUSED) {
  test(`${what} is refused before anything is sent`, async (t) => {
    const { status, stderr } = await token(makeFolder(t), args)
    assert.equal(status, expected, stderr)
    assert.match(stderr, words)
  })
}

test('card data that is not a JSON object is refused without being quoted', async (t) => {
  const args = ['--context', context, '--data', '-']
  const { status, stderr } = await token(makeFolder(t), args, '{"number":4111111111111111,')
  assert.equal(status, 1)
  assert.match(stderr, /The card data is not a JSON object/)
  assert.doesNotMatch(stderr, /"number":4111/)
})
