import { strict as assert } from 'node:assert'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'

import * as fc from 'fast-check'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'

import { FIELD_PATHS, type FieldPath } from '../../src/protocol/field-catalogue.ts'
import { nest } from '../../src/protocol/nest.ts'
import { correlationIdOf, readError } from '../error-reply.ts'
import {
  createToken,
  encrypt,
  encryptData,
  openSession,
  postJwe,
  readPart,
  readSession,
  stockPool,
  type Session,
} from '../flow.ts'
import { MERCHANT, startHarness, type Harness } from '../harness.ts'
import { anyJson, PANS } from '../protocol/arbitraries.ts'
import { readReply } from '../raw-http.ts'
import { encodeJson, SCHEMES, signByJwt, type Signer } from '../signed-request.ts'

const LONGEST_MILLISECONDS = 2000

let harness: Harness
let url: string
let signer: Signer

before(async () => {
  const sessionLimits = { tokens: 1_000_000, attempts: 1_000_000 }
  harness = await startHarness({ sessionLimits, checkNumber: () => undefined })
  await stockPool(harness, 'rotated-pool-key', { count: 8 })
  signer = await harness.addMerchant({ sessionKeys: 'rotated' })
  url = await harness.listen()
})
after(() => harness.close())

/** Waits for a reply, but not for ever, and asserts that it is a success or an error of the table, never a 5xx. */
async function answered(
  replying: Promise<LightMyRequestResponse>,
): Promise<LightMyRequestResponse> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no reply came')), LONGEST_MILLISECONDS)
  })
  const reply = await Promise.race([replying, late]).finally(() => clearTimeout(timer))
  assert.ok(reply.statusCode < 500, `${reply.statusCode} ${reply.body}`)
  if (reply.statusCode >= 400 && reply.body !== '') readError(reply)
  else correlationIdOf(reply)
  return reply
}

async function send(options: InjectOptions): Promise<LightMyRequestResponse> {
  return answered(harness.service.app.inject(options))
}

const RUNS = { numRuns: 200 }
const target = '/flex/v2/sessions'

test('answers whatever JSON asks for a session', async () => {
  await fc.assert(
    fc.asyncProperty(anyJson, async (body) => {
      const reply = await send(signByJwt(signer, { target, body }))
      if (reply.statusCode === 201) return
      const { details } = readError(reply)
      const digits = JSON.stringify(details).replaceAll(/[^0-9]/g, '')
      for (const pan of PANS) assert.ok(!digits.includes(pan))
    }),
    RUNS,
  )
})

test('opens exactly the session that was asked for', async () => {
  const requested = fc.uniqueArray(
    fc.tuple(fc.constantFrom(...FIELD_PATHS), fc.option(fc.boolean())),
    {
      minLength: 1,
      selector: ([path]) => path,
    },
  )
  await fc.assert(
    fc.asyncProperty(requested, async (leaves) => {
      const tree = leaves.map(
        ([path, required]) => [path, required === null ? {} : { required }] as const,
      )
      const body = JSON.stringify({ fields: nest<object>(tree) })
      const reply = await send(signByJwt(signer, { target, body }))
      assert.equal(reply.statusCode, 201, reply.body)
      const { requiredFields = [], optionalFields = [] } =
        readSession(reply.body).claims.ctx[0]?.data ?? {}
      const optional = leaves.filter(([, required]) => required === false).map(([path]) => path)
      const required = leaves.filter(([, asked]) => asked !== false).map(([path]) => path)
      assert.deepEqual(optionalFields.toSorted(), optional.toSorted())
      assert.deepEqual(requiredFields.toSorted(), required.toSorted())
    }),
    { numRuns: 100 },
  )
})

const GOOD: Readonly<Partial<Record<FieldPath, readonly string[]>>> = {
  'paymentInformation.card.number': PANS,
  'paymentInformation.card.type': ['001', '003', '042'],
  'paymentInformation.card.securityCode': ['123', '1234'],
  'paymentInformation.card.expirationMonth': ['01', '12'],
  'paymentInformation.card.expirationYear': ['2040', '2099'],
  'orderInformation.amountDetails.totalAmount': ['1', '21.00'],
  'orderInformation.amountDetails.currency': ['USD', 'JPY'],
  'orderInformation.billTo.country': ['DK'],
  'orderInformation.shipTo.country': ['US'],
}

function valueOf(path: FieldPath): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...(GOOD[path] ?? ['Ann', 'Ærø 漢字'])) },
    fc.string(),
    fc.constantFrom('', PANS[0], 7, null, {}, [], '0'.repeat(300)),
  )
}

const field = fc
  .constantFrom(...FIELD_PATHS)
  .chain((path) => fc.tuple(fc.constant(path), valueOf(path)))

/** Card data and the form in which each field is written: nested, dotted or, for the card, bare. */
const cardData = fc.uniqueArray(fc.tuple(field, fc.nat(2)), { selector: ([[path]]) => path })

function write(fields: readonly (readonly [readonly [FieldPath, unknown], number])[]): object {
  const nested = fields.filter(([, form]) => form === 0).map(([each]) => each)
  const flat = fields
    .filter(([, form]) => form > 0)
    .map(([[path, value], form]) => {
      const bare = path.replace(/^paymentInformation\.card\./, '')
      return [form === 2 ? bare : path, value] as const
    })
  return { ...nest(nested), ...Object.fromEntries(flat) }
}

test('captures what is good and names what is not, in whatever form it comes', async () => {
  const fields = nest<object>(FIELD_PATHS.map((path) => [path, { required: false }]))
  const session = await openSession(harness, { signer, fields })
  const outcomes = { captured: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(cardData, async (data) => {
      const reply = await answered(postJwe(harness, encryptData(session, write(data))))
      if (reply.statusCode !== 201) {
        outcomes.refused += 1
        const { details } = readError(reply)
        const locations = new Set(details.map(({ location }) => location))
        assert.equal(locations.size, details.length)
        for (const pan of PANS) assert.ok(!reply.body.includes(pan))
        return
      }
      outcomes.captured += 1
      const captured = data.filter(([[, value]]) => value !== '').map(([[path]]) => path)
      const { content } = readPart(reply.body, 1)
      assert.deepEqual(leafPaths(content).toSorted(), captured.toSorted())
    }),
    RUNS,
  )
  assert.ok(outcomes.captured > 20 && outcomes.refused > 20, JSON.stringify(outcomes))
})

/** The paths of a tree whose objects above the leaves are branches of the catalogue. */
function leafPaths(tree: unknown, prefix = ''): string[] {
  return Object.entries(tree as object).flatMap(([name, value]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`
    return FIELD_PATHS.some((each) => each === path) ? [path] : leafPaths(value, path)
  })
}

test('answers whatever plaintext a JWE holds', async () => {
  const session = await openSession(harness, { signer })
  const plaintext = fc.oneof(
    anyJson.map((json) => `{"context":"${session.jwt}","index":0,"data":${json}}`),
    fc.record(
      {
        context: fc.oneof(fc.constant(session.jwt), fc.json()),
        index: fc.jsonValue(),
        data: fc.jsonValue(),
      },
      { requiredKeys: [] },
    ),
  )
  await fc.assert(
    fc.asyncProperty(plaintext, async (text) => {
      await answered(postJwe(harness, encrypt(session, text)))
    }),
    RUNS,
  )
})

/** Changes a text somewhere: a character replaced, removed, doubled, the rest cut off, two parts swapped. */
const mutation: fc.Arbitrary<(text: string) => string> = fc
  .tuple(fc.nat(), fc.nat(5), fc.string({ minLength: 1, maxLength: 3 }))
  .map(([place, kind, other]) => (text: string) => {
    const at = place % Math.max(1, text.length)
    const [head, here, rest] = [text.slice(0, at), text.slice(at, at + 1), text.slice(at + 1)]
    const parts = text.split('.')
    const kinds = [
      head + other + rest,
      head + rest,
      head + here + here + rest,
      head,
      [...parts.slice(1), ...parts.slice(0, 1)].join('.'),
      head + (here === 'A' ? 'B' : 'A') + rest,
    ]
    return kinds[kind] ?? text
  })

test('answers a JWE with changes anywhere, and takes none for whole', async () => {
  let session: Session = await openSession(harness, { signer })
  await fc.assert(
    fc.asyncProperty(mutation, fc.boolean(), async (mutate, wrapped) => {
      const jwe = encryptData(session)
      const mutated = mutate(jwe)
      fc.pre(mutated.trim() !== jwe)
      const reply = await answered(wrapped ? postWrapped(mutated) : postJwe(harness, mutated))
      assert.ok(reply.statusCode >= 400, mutated)
      if (readError(reply).reason !== 'VALIDATION_ERROR')
        session = await openSession(harness, { signer })
    }),
    RUNS,
  )
})

async function postWrapped(keyId: string): Promise<LightMyRequestResponse> {
  const headers = { 'content-type': 'application/json' }
  const payload = JSON.stringify({ keyId })
  return harness.service.app.inject({ method: 'POST', url: '/flex/v2/tokens', headers, payload })
}

test('answers a context with changes anywhere, and takes none for whole', async () => {
  const session = await openSession(harness, { signer })
  await fc.assert(
    fc.asyncProperty(mutation, async (mutate) => {
      const context = mutate(session.jwt)
      fc.pre(context !== session.jwt)
      const jwe = encrypt(session, { data: { number: PANS[0] }, context })
      assert.equal((await answered(postJwe(harness, jwe))).statusCode, 400)
    }),
    RUNS,
  )
})

test('answers a signed request with changes anywhere in its credentials', async () => {
  const scheme = fc.constantFrom('http_signature', 'jwt')
  const name = fc.constantFrom(
    'authorization',
    'signature',
    'date',
    'digest',
    'v-c-merchant-id',
    'host',
  )
  await fc.assert(
    fc.asyncProperty(fc.tuple(scheme, name), mutation, async ([which, header], mutate) => {
      const signed = SCHEMES[which](signer, { target, body: '{}' })
      const value = signed.headers[header]
      fc.pre(value !== undefined)
      const mutated = mutate(value ?? '').replaceAll(/[^\u0020-\u007E]/g, '?')
      const reply = await send({ ...signed, headers: { ...signed.headers, [header]: mutated } })
      // What is only said otherwise, such as `bearer`, is good; `{}` then asks for no field.
      assert.ok([400, 401].includes(reply.statusCode), `${reply.statusCode}`)
      if (reply.statusCode === 400) assert.equal(readError(reply).reason, 'VALIDATION_ERROR')
    }),
    RUNS,
  )
})

test('answers whatever header and claims a bearer token of the right key has', async () => {
  const member = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('HS256', 'HS384', 'none', '__proto__', -1, 1e308),
  )
  const claim = fc.constantFrom(
    'iat',
    'exp',
    'jti',
    'request-method',
    'request-resource-path',
    'digest',
  )
  await fc.assert(
    fc.asyncProperty(claim, member, member, async (name, value, alg) => {
      await send(signByJwt(signer, { target }, { claims: { [name]: value } }))
      const sign = () => Buffer.alloc(32)
      await send(signByJwt(signer, { target }, { header: { alg, kid: alg }, sign }))
    }),
    RUNS,
  )
})

test('answers whatever stands for a token in a path', async () => {
  const session = await openSession(harness, { signer: MERCHANT })
  const token = await createToken(harness, session)
  const reference = fc.oneof(
    mutation.map((mutate) => mutate(token)),
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.jsonValue().map((claims) => `${encodeJson({})}.${encodeJson(claims)}.AA`),
  )
  const base = fc.constantFrom(
    '/up/v1/payment-details/',
    '/flex/v2/payment-details/',
    '/flex/v2/public-keys/',
  )
  await fc.assert(
    fc.asyncProperty(base, reference, async (path, text) => {
      const whole = path + encodeURIComponent(text.toWellFormed())
      const reply = await send(signByJwt(MERCHANT, { method: 'GET', target: whole }))
      if (reply.statusCode === 200)
        assert.equal(readPart(text, 1)['jti'], readPart(token, 1)['jti'])
    }),
    RUNS,
  )
})

test('answers any method, media type and body at any path', async () => {
  const request = fc.record({
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'),
    url: fc.oneof(
      fc.constantFrom(
        target,
        '/flex/v2/tokens',
        '/flex/v2/public-keys/dv',
        '/.well-known/jwks.json',
        '/',
      ),
      fc.webPath().map((path) => path.replace(/^\/*/, '/')),
    ),
    headers: fc.record(
      {
        'content-type': fc.oneof(
          fc.constantFrom('application/json', 'application/jwt', 'text/plain;charset=utf-16', ';;'),
          fc.stringMatching(/^[ -~]*$/),
        ),
        origin: fc.oneof(
          fc.constantFrom('null', 'http://localhost'),
          fc.stringMatching(/^[ -~]*$/),
        ),
        authorization: fc.stringMatching(/^Bearer [ -~]*$/),
        signature: fc.stringMatching(/^[ -~]*$/),
        'access-control-request-method': fc.constantFrom('POST', 'x'),
      },
      { requiredKeys: [] },
    ),
    payload: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  })
  await fc.assert(
    fc.asyncProperty(request, async (options) => void (await send(options as InjectOptions))),
    { numRuns: 300 },
  )
})

test('answers any bytes that come out of a socket', async () => {
  const line = fc.constantFrom(
    'GET / HTTP/1.1\r\n',
    'POST /flex/v2/tokens HTTP/1.1\r\nhost: x\r\n',
    'host: x\r\n',
    '\r\n\r\n',
  )
  const piece = fc.oneof(
    line.map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 6 }), async (pieces) => {
      const bytes = await exchangeToEnd(Buffer.concat(pieces))
      if (bytes === '') return
      const reply = readReply(bytes)
      assert.ok(reply.statusCode < 500, bytes)
      readError({ ...reply, body: reply.body.split('HTTP/1.1')[0] ?? '' })
    }),
    { numRuns: 150 },
  )
})

/** Sends bytes, then says that there are no more, and resolves to what came back. */
async function exchangeToEnd(bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = []
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.setTimeout(LONGEST_MILLISECONDS, () => reject(new Error('no reply came')))
    socket.on('data', (chunk: Buffer) => received.push(chunk))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(Buffer.concat(received).toString()))
    socket.end(bytes)
  })
}

test('has logged no error, and no card number', () => {
  const logged = harness.lines.join('')
  assert.ok(!logged.includes('"level":"error"'))
  for (const pan of PANS) assert.ok(!logged.includes(pan), pan)
})
