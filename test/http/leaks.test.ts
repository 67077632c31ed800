import { strict as assert } from 'node:assert'
import { randomBytes, type KeyObject } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import type { InjectOptions, LightMyRequestResponse } from 'fastify'

import { systemClock } from '../../src/clock-and-random.ts'
import { parseRootKey } from '../../src/keys/root-key.ts'
import { poolSealer } from '../../src/keys/sealing-keys.ts'
import { cardRecordName } from '../../src/session/card-vault.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { readErrorOf } from '../error-reply.ts'
import {
  BUNDLED_KEYS,
  createToken,
  encrypt,
  encryptData,
  jtiOf,
  openSession,
  postJwe,
  SIGNING_KEY,
  stockPool,
  type Session,
} from '../flow.ts'
import { MERCHANT, startHarness, type Harness } from '../harness.ts'
import { exchange } from '../raw-http.ts'
import { readRelease, RELEASE_KEY, releasePath } from '../releases.ts'
import { signByHttpSignature, signByJwt, type Signer, type Unsigned } from '../signed-request.ts'
import { makeFolder } from '../store/folder.ts'

// One service over SQLite files, a whole set of traffic, good and bad; then every place is searched for every secret.

const PAN = '378282246310005'
const CODE = '9175'
const NAME = 'Geheimnisträgerin'
const FIELDS = {
  paymentInformation: { card: { number: {}, securityCode: {} } },
  orderInformation: { billTo: { lastName: { required: false } } },
}
const DATA = {
  paymentInformation: { card: { number: PAN, securityCode: CODE } },
  orderInformation: { billTo: { lastName: NAME } },
}
const SESSIONS = { target: '/flex/v2/sessions', body: JSON.stringify({ fields: FIELDS }) }

const folder = makeFolder()
const rootBytes = randomBytes(32)
const errorBodies: string[] = []
const capabilities: string[] = []
let harness: Harness
let other: Signer

before(async () => {
  harness = await startHarness({
    store: openSqliteStore({ folder, mode: 'dev', now: systemClock }),
    rootKey: parseRootKey(rootBytes.toString('base64'), 'test'),
    explain: false,
  })
  await stockPool(harness, 'pool-key', { count: 32 })
  await stockPool(harness, 'rotated-pool-key', { count: 1 })
  other = await harness.addMerchant({ sessionKeys: 'rotated' })
  await goodTraffic()
  await badSessions()
  await badTokens()
  await badDetails()
  await brokenTraffic()
})
after(() => harness.close())

async function send(options: InjectOptions): Promise<LightMyRequestResponse> {
  return keep(await harness.service.app.inject(options))
}

function keep(reply: LightMyRequestResponse): LightMyRequestResponse {
  if (reply.statusCode >= 400) errorBodies.push(reply.body)
  return reply
}

async function open(signer: Signer = MERCHANT): Promise<Session> {
  const session = await openSession(harness, { fields: FIELDS, signer })
  capabilities.push(session.jwt)
  return session
}

async function make(session: Session): Promise<string> {
  const token = await createToken(harness, session, DATA)
  capabilities.push(token, jtiOf(token))
  return token
}

async function goodTraffic(): Promise<void> {
  for (const signer of [MERCHANT, other]) {
    const token = await make(await open(signer))
    await readDetails(signer, `/flex/v2/payment-details/${jtiOf(token)}`)
    await readDetails(signer, `/up/v1/payment-details/${token}`)
  }
  await releaseCards()
  // A key that gives its last token, and one that is used up.
  const session = await open()
  for (let used = 0; used < 10; used += 1) await make(session)
  readErrorOf('QUOTA_EXCEEDED', keep(await postJwe(harness, encryptData(session, DATA))))
}

/** The first release has the security code, the second has not; then those that are refused. */
async function releaseCards(): Promise<void> {
  const token = await make(await open())
  const foreign = await make(await open(other))
  const release = (jti: string): Unsigned => ({ method: 'GET', target: releasePath(jti) })
  for (const hasCode of [true, false]) {
    const reply = await send(signByJwt(MERCHANT, release(jtiOf(token))))
    capabilities.push(reply.body)
    const { card } = await readRelease(reply)
    assert.deepEqual(card, { number: PAN, ...(hasCode ? { securityCode: CODE } : {}) })
  }
  for (const [code, signed] of [
    ['JWT_V2_REQUIRED', signByHttpSignature(MERCHANT, release(jtiOf(token)))],
    ['RELEASE_NOT_ALLOWED', signByJwt(other, release(jtiOf(foreign)))],
    ['TOKEN_NOT_FOUND', signByJwt(MERCHANT, release(jtiOf(foreign)))],
    ['TOKEN_NOT_FOUND', signByJwt(MERCHANT, release(PAN))],
  ] as const) {
    readErrorOf(code, await send(signed))
  }
}

async function readDetails(signer: Signer, target: string): Promise<void> {
  for (const sign of [signByHttpSignature, signByJwt]) {
    const signed = sign(signer, { method: 'GET', target })
    const bearer = signed.headers['authorization']
    if (bearer !== undefined) capabilities.push(bearer.replace('Bearer ', ''))
    assert.equal((await send(signed)).statusCode, 200)
  }
}

async function badSessions(): Promise<void> {
  const bodies = [
    { fields: { [PAN]: {} } },
    { fields: { paymentInformation: { card: { [PAN]: {}, [`n${PAN}`]: {}, [CODE]: {} } } } },
    { fields: { paymentInformation: { card: { number: { [PAN]: true } } } } },
    { fields: { [`a.${PAN.slice(0, 8)}.${PAN.slice(8)}`]: {} } },
    { [PAN]: PAN },
  ].map((body) => JSON.stringify(body))
  for (const body of [...bodies, `{"fields":"${PAN}"`, PAN, `"${CODE}"`, `[${PAN}]`]) {
    await send(signByJwt(MERCHANT, { ...SESSIONS, body }))
    await send(signByHttpSignature(MERCHANT, { ...SESSIONS, body: `${body} ` }))
  }
  const requests: readonly Unsigned[] = [
    SESSIONS,
    { ...SESSIONS, target: `/flex/v2/sessions?card=${PAN}` },
  ]
  for (const request of requests) await badCredentials(request)
}

async function badCredentials(request: Unsigned): Promise<void> {
  const wrong = Buffer.alloc(32)
  const headers = { 'x-card': PAN, 'x-note': `card ${PAN}` }
  const components = [
    'host',
    'date',
    'request-target',
    'digest',
    'v-c-merchant-id',
    'x-card',
    'x-note',
  ]
  const swapped = { ...MERCHANT, keyId: MERCHANT.secret, secret: other.secret }
  const replayed = signByJwt(MERCHANT, request)
  const all = [
    signByHttpSignature(MERCHANT, request, { headers, components, key: wrong }),
    signByHttpSignature(MERCHANT, request, { headers, components: components.slice(0, 3) }),
    signByHttpSignature(MERCHANT, request, { headers: { 'v-c-merchant-id': PAN } }),
    signByHttpSignature(MERCHANT, request, { headers: { host: PAN }, key: wrong }),
    signByHttpSignature(MERCHANT, request, { headers: { digest: `SHA-256=${PAN}` } }),
    signByHttpSignature(MERCHANT, request, { date: PAN }),
    signByHttpSignature(MERCHANT, request, { keyId: PAN }),
    signByHttpSignature(MERCHANT, request, { key: MERCHANT.secret }),
    signByHttpSignature(MERCHANT, request, { sent: { signature: `keyid="${PAN}"` } }),
    signByHttpSignature(swapped, request),
    signByJwt(swapped, request),
    signByJwt(MERCHANT, request, { header: { kid: PAN } }),
    signByJwt(MERCHANT, request, { key: wrong }),
    signByJwt(MERCHANT, request, { key: MERCHANT.secret }),
    signByJwt(MERCHANT, request, { claims: { 'request-method': PAN } }),
    signByJwt(MERCHANT, request, { claims: { 'request-resource-path': `/x/${PAN}` } }),
    signByJwt(MERCHANT, request, { claims: { 'v-c-merchant-id': PAN } }),
    signByJwt(MERCHANT, request, { claims: { digest: PAN } }),
    { ...signByJwt(MERCHANT, request), headers: { authorization: `Bearer ${PAN}` } },
    { ...signByJwt(MERCHANT, request), headers: { authorization: `Basic ${MERCHANT.secret}` } },
  ]
  for (const signed of all) assert.equal((await send(signed)).statusCode, 401)
  await send(replayed)
  assert.equal((await send(replayed)).statusCode, 401)
}

async function badTokens(): Promise<void> {
  const session = await open()
  const wrong = PAN.replace(/.$/, '6')
  const context = session.jwt
  const plaintexts = [
    { data: { number: wrong, securityCode: 'x' }, context },
    { data: { [PAN]: PAN, [`a.${PAN}`]: 1 }, context },
    { data: { number: PAN, 'paymentInformation.card.number': wrong }, context },
    { data: { number: Number(PAN) }, context },
    { data: { number: PAN, type: CODE, lastName: NAME }, context },
    { data: DATA, context: PAN },
    { data: DATA, context: (await open()).jwt },
    { data: DATA, context, index: PAN },
    { number: PAN, securityCode: CODE },
    `{"data":{"number":"${PAN}","securityCode":"${CODE}"},`,
    [PAN, CODE],
    PAN,
  ]
  for (const plaintext of plaintexts) {
    const jwe = encrypt(session, plaintext)
    capabilities.push(jwe)
    assert.equal(keep(await postJwe(harness, jwe)).statusCode, 400)
  }
  const jwe = encryptData(session, DATA)
  const header = { kid: PAN }
  const broken = [
    `${jwe}.x`,
    jwe.slice(0, -4),
    PAN,
    `{"keyId":"${PAN}"}`,
    encryptData(session, DATA, { header }),
  ]
  for (const body of broken) assert.equal(keep(await postJwe(harness, body)).statusCode, 400)
}

async function badDetails(): Promise<void> {
  const token = await make(await open())
  const references = [PAN, jtiOf(token), token, `${PAN}?n=${PAN}`, `${jtiOf(token)}/`]
  for (const base of [
    '/flex/v2/payment-details/',
    '/up/v1/payment-details/',
    '/flex/v2/public-keys/',
    '/',
  ]) {
    for (const reference of references) {
      const request = { method: 'GET', target: base + reference } as const
      const key = Buffer.alloc(32)
      const claims = { 'request-resource-path': `${base}${reference.replace(/.$/, 'x')}` }
      for (const signed of [
        { method: 'GET', url: request.target } as const,
        signByHttpSignature(MERCHANT, request, { key }),
        signByHttpSignature(MERCHANT, request, { base: (text) => text.replace('get', 'GET') }),
        signByHttpSignature(MERCHANT, request, { base: (text) => `${text}\n` }),
        signByJwt(MERCHANT, request, { claims }),
        signByJwt(other, request),
      ]) {
        assert.ok((await send(signed)).statusCode >= 400)
      }
    }
  }
  const { store } = harness
  const name = cardRecordName(jtiOf(token))
  const record = await store.get('card', name)
  assert.ok(record)
  await store.write([{ op: 'put', kind: 'card', ...record, value: Buffer.alloc(99, 1) }])
  const target = `/flex/v2/payment-details/${jtiOf(token)}`
  readErrorOf('INTERNAL_ERROR', await send(signByJwt(MERCHANT, { method: 'GET', target })))
}

async function brokenTraffic(): Promise<void> {
  const url = await harness.listen()
  const end = 'connection: close\r\n\r\n'
  for (const bytes of [
    `${PAN} code: ${CODE}\r\n\r\n`,
    `GET /${PAN}/%zz HTTP/1.1\r\nhost: x\r\n${end}`,
    `GET /flex/v2/payment-details/${PAN}%E0 HTTP/1.1\r\nhost: x\r\n${end}`,
    `POST /flex/v2/tokens HTTP/1.1\r\nhost: x\r\ncontent-type: ${PAN}\r\ncontent-length: 15\r\n${end}${PAN}`,
    `${PAN} /flex/v2/tokens HTTP/1.1\r\nhost: ${PAN}\r\n${end}`,
  ]) {
    errorBodies.push(await exchange(url, bytes))
  }
}

/** Every way in which bytes may be written down: raw, hex, and base64 from any of three places. */
function writings(bytes: Buffer): readonly (string | Buffer)[] {
  const encoded = [0, 1, 2].flatMap((shift) => {
    const part = bytes.subarray(shift, shift + 3 * Math.floor((bytes.length - shift) / 3))
    return [part.toString('base64'), part.toString('base64url')]
  })
  return [bytes, bytes.toString('hex'), bytes.toString('hex').toUpperCase(), ...encoded]
}

function privateNumbers(key: KeyObject): readonly Buffer[] {
  const { d = '', p = '', q = '', dp = '', dq = '', qi = '' } = key.export({ format: 'jwk' })
  return [d, p, q, dp, dq, qi].map((number) => Buffer.from(number, 'base64url').subarray(8, 44))
}

function secrets(): readonly (string | Buffer)[] {
  const { sealer } = harness
  const keys = [...BUNDLED_KEYS, SIGNING_KEY, RELEASE_KEY].flatMap(privateNumbers)
  const shared = [MERCHANT, other].map(({ secret }) => Buffer.from(secret, 'base64'))
  const sealing = [sealer.active, poolSealer(sealer).active].map(({ key }) => key.export())
  return [
    PAN,
    NAME,
    'Geheimnistr',
    Buffer.from(PAN).toString('base64').slice(0, 18),
    ...capabilities,
    ...[...keys, ...shared, ...sealing, rootBytes].flatMap(writings),
  ]
}

/** Where the secrets are looked for. */
function places(): Readonly<Record<string, Buffer>> {
  const files = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))] as const)
  return {
    log: Buffer.from(harness.lines.join('')),
    'error bodies': Buffer.from(errorBodies.join('\n')),
    ...Object.fromEntries(files),
  }
}

test('has seen enough traffic to mean something', () => {
  const names = Object.keys(places())
  for (const name of ['coatcheck.db', 'coatcheck.db-wal', 'vault.db', 'vault.db-wal']) {
    assert.ok(names.includes(name), name)
  }
  assert.ok(errorBodies.length > 150 && harness.lines.length > 300)
  assert.ok(capabilities.length > 30)
  const codes = new Set(harness.lines.flatMap((line) => /"code":"([A-Z_]+)"/.exec(line)?.[1] ?? []))
  assert.ok(codes.size >= 12, [...codes].join())
})

test('leaves no secret in a log line, an error body or the files of the store', () => {
  const [all, found] = [secrets(), new Set<string>()]
  for (const [place, bytes] of Object.entries(places())) {
    for (const secret of all) {
      if (bytes.includes(secret)) found.add(`${place}: ${secret.toString().slice(0, 40)}`)
    }
  }
  assert.deepEqual([...found], [])
})

test('leaves no security code there, as a word of its own', () => {
  const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
  for (const [place, bytes] of Object.entries(places())) {
    const text = bytes.toString('latin1').replaceAll(uuid, '')
    const { index } = new RegExp(`(?<![0-9A-Za-z])${CODE}(?![0-9A-Za-z])`).exec(text) ?? {}
    if (index !== undefined) assert.fail(`${place}: ${text.slice(Math.max(0, index - 100), index)}`)
  }
})

test('leaves nothing that follows the header of a JWT or JWE in the log', () => {
  const log = harness.lines.join('')
  const [token = ''] = /eyJ[\w-]{10,}\.[\w-]{10,}/.exec(log) ?? []
  assert.equal(token, '')
  for (const each of capabilities) {
    if (each.includes('.')) assert.ok(!log.includes(each.split('.').at(-1) ?? ''))
    else assert.ok(!log.includes(each.slice(0, 50)), 'most of a jti')
  }
})

test('finds what it looks for: the search itself works', () => {
  const [key] = BUNDLED_KEYS
  assert.ok(key)
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' })
  const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString().replaceAll('\n', '')
  const jwk = JSON.stringify(key.export({ format: 'jwk' }))
  const all = secrets()
  for (const leak of [pkcs8, Buffer.from(pem), Buffer.from(jwk), Buffer.from(MERCHANT.secret)]) {
    assert.ok(all.some((secret) => leak.includes(secret)))
  }
})
