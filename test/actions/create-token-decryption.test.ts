import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'

import { readErrorOf } from '../error-reply.ts'
import {
  CARD,
  createToken,
  encrypt,
  encryptData,
  openSession,
  PAN,
  postJwe,
  publicKeyOf,
  type Session,
} from '../flow.ts'
import { startHarness, type Harness } from '../harness.ts'
import { encodeJson } from '../signed-request.ts'

async function start(
  t: TestContext,
  options: Parameters<typeof startHarness>[0] = {},
): Promise<Harness> {
  const harness = await startHarness({ checkNumber: () => undefined, ...options })
  t.after(() => harness.close())
  return harness
}

/** Changes one byte of a part of a compact JWE. */
function flip(jwe: string, part: number, at = 0): string {
  return jwe
    .split('.')
    .map((text, index) => {
      if (index !== part) return text
      const bytes = Buffer.from(text, 'base64url')
      const place = at < 0 ? bytes.length + at : at
      bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place)
      return bytes.toString('base64url')
    })
    .join('.')
}

const HALF_CARD = `{"data":{"number":"${PAN}"},"context":`

/** What can be wrong from the first use of the private key to the parsed plaintext; the reply must not say which. */
const FAULTS: Readonly<Record<string, (session: Session, other: Session) => string>> = {
  'encrypted to another session key': (session, other) =>
    encryptData(session, CARD, { encryptTo: publicKeyOf(other.jwk) }),
  'OAEP with the other hash': (session) =>
    encryptData(session, CARD, { alg: 'RSA-OAEP-256', header: { alg: 'RSA-OAEP' } }),
  'a changed encrypted key': (session) => flip(encryptData(session), 1, 200),
  'an encrypted key that is not below the modulus': (session) =>
    replacePart(encryptData(session), 1, Buffer.alloc(256, 0xff)),
  'an encrypted key of zeros': (session) => replacePart(encryptData(session), 1, Buffer.alloc(256)),
  'a changed iv': (session) => flip(encryptData(session), 2),
  'the first byte of the ciphertext changed': (session) => flip(encryptData(session), 3),
  'the last byte of the ciphertext changed': (session) => flip(encryptData(session), 3, -1),
  'a changed tag': (session) => flip(encryptData(session), 4, -1),
  'a changed header': (session) => {
    const [, ...parts] = encryptData(session).split('.')
    const header = { alg: 'RSA-OAEP', enc: 'A256GCM', kid: session.jwk.kid }
    return [encodeJson(header), ...parts].join('.')
  },
  'a content key of 16 bytes': (session) =>
    encryptData(session, CARD, { contentKey: (key) => key.subarray(16) }),
  'a content key of 33 bytes': (session) =>
    encryptData(session, CARD, { contentKey: (key) => Buffer.concat([key, Buffer.alloc(1)]) }),
  'an empty content key': (session) =>
    encryptData(session, CARD, { contentKey: () => Buffer.alloc(0) }),
  'plaintext that is no JSON': (session) => encrypt(session, HALF_CARD),
  'plaintext that is a JSON array': (session) => encrypt(session, [{ number: PAN }]),
  'plaintext that is a JSON string': (session) => encrypt(session, JSON.stringify(PAN)),
  'plaintext of random bytes': (session) => encrypt(session, randomBytes(64)),
  'plaintext that is no UTF-8': (session) =>
    encrypt(
      session,
      Buffer.from(`{"data":{"lastName":"\u00e9"},"context":"${session.jwt}"}`, 'latin1'),
    ),
  'plaintext with a byte order mark': (session) =>
    encrypt(session, `\uFEFF${JSON.stringify({ data: CARD, context: session.jwt })}`),
}

function replacePart(jwe: string, part: number, bytes: Buffer): string {
  return jwe
    .split('.')
    .map((text, index) => (index === part ? bytes.toString('base64url') : text))
    .join('.')
}

for (const explain of [true, false]) {
  test(`answers whatever does not decrypt alike (explain: ${explain})`, async (t) => {
    const harness = await start(t, { explain })
    const [session, other] = [await openSession(harness), await openSession(harness)]
    const seen = new Set<string>()
    for (const [fault, make] of Object.entries(FAULTS)) {
      const reply = await postJwe(harness, make(session, other))
      const { correlationId } = readErrorOf('DECRYPTION_ERROR', reply)
      const { date: _date, ...headers } = reply.headers
      const whole = JSON.stringify([reply.statusCode, headers, reply.body])
      seen.add(whole.replaceAll(correlationId, 'id'))
      assert.equal(seen.size, 1, `${fault} can be told from the others: ${reply.body}`)
    }
    assert.ok(Object.keys(FAULTS).length < 20, 'the session must not be spent by now')
    await createToken(harness, session)
  })
}

test('logs nothing that tells the faults apart, and no plaintext', async (t) => {
  const harness = await start(t)
  const [session, other] = [await openSession(harness), await openSession(harness)]
  harness.lines.length = 0
  for (const make of Object.values(FAULTS)) await postJwe(harness, make(session, other))
  const refused = harness.lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => msg === 'refused')
    .map(({ time: _time, correlationId: _id, ...rest }) => rest)
  const expected = { level: 'warn', route: '/flex/v2/tokens', code: 'DECRYPTION_ERROR' }
  assert.equal(refused.length, Object.keys(FAULTS).length)
  for (const line of refused) assert.deepEqual(line, { ...expected, msg: 'refused' })
  assert.ok(!harness.lines.join('').includes(PAN))
})

/** What the form of a JWE can lack: refused before the private key is used, and so not counted. */
const MALFORMED: Readonly<Record<string, (jwe: string, session: Session) => string>> = {
  nothing: () => '',
  'four parts': (jwe) => jwe.split('.').slice(0, 4).join('.'),
  'six parts': (jwe) => `${jwe}.AAAA`,
  padding: (jwe) => `${jwe}==`,
  'another base64 alphabet': (jwe) => replaceText(jwe, 4, '++++++++++++++++++++//'),
  'non-canonical last bits': (jwe) => replaceText(jwe, 2, 'AAAAAAAAAAAAAAA\u0001'),
  'an encrypted key of 255 bytes': (jwe) => replacePart(jwe, 1, Buffer.alloc(255, 1)),
  'an encrypted key of 257 bytes': (jwe) => replacePart(jwe, 1, Buffer.alloc(257, 1)),
  'no encrypted key': (jwe) => replacePart(jwe, 1, Buffer.alloc(0)),
  'an iv of 16 bytes': (jwe) => replacePart(jwe, 2, Buffer.alloc(16)),
  'an iv of no bytes': (jwe) => replacePart(jwe, 2, Buffer.alloc(0)),
  'no ciphertext': (jwe) => replacePart(jwe, 3, Buffer.alloc(0)),
  'a tag of 4 bytes': (jwe) => replacePart(jwe, 4, Buffer.alloc(4)),
  'a header that is no JSON': (jwe) => replaceText(jwe, 0, 'eyJ'),
  'a header that is an array': (jwe) => replaceText(jwe, 0, encodeJson([])),
  'alg dir': (_, session) => encryptData(session, CARD, { header: { alg: 'dir' } }),
  'alg RSA1_5': (_, session) => encryptData(session, CARD, { header: { alg: 'RSA1_5' } }),
  'alg none': (_, session) => encryptData(session, CARD, { header: { alg: 'none' } }),
  'no alg': (_, session) => encryptData(session, CARD, { header: { alg: undefined } }),
  'enc A128GCM': (_, session) => encryptData(session, CARD, { header: { enc: 'A128GCM' } }),
  'enc A256CBC-HS512': (_, session) =>
    encryptData(session, CARD, { header: { enc: 'A256CBC-HS512' } }),
  zip: (_, session) => encryptData(session, CARD, { header: { zip: 'DEF' } }),
  crit: (_, session) => encryptData(session, CARD, { header: { crit: ['exp'] } }),
  'no kid': (_, session) => encryptData(session, CARD, { header: { kid: undefined } }),
  'the JSON serialisation': (jwe) => JSON.stringify({ protected: jwe.split('.')[0] }),
}

function replaceText(jwe: string, part: number, text: string): string {
  return jwe
    .split('.')
    .map((old, index) => (index === part ? text : old))
    .join('.')
}

test('calls a JWE of another form malformed and does not count it', async (t) => {
  const harness = await start(t, { sessionLimits: { tokens: 1, attempts: 1 } })
  const session = await openSession(harness)
  for (const [form, make] of Object.entries(MALFORMED)) {
    const reply = await postJwe(harness, make(encryptData(session), session))
    assert.equal(reply.statusCode, 400, form)
    assert.deepEqual(readErrorOf('JWE_MALFORMED', reply).details, [], form)
  }
  assert.ok(Object.keys(MALFORMED).length > 20)
  await createToken(harness, session)
})

test('asks for the member keyId of a JSON body', async (t) => {
  const { service } = await start(t)
  const post = async (payload: string) =>
    service.app.inject({
      method: 'POST',
      url: '/flex/v2/tokens',
      headers: { 'content-type': 'application/json' },
      payload,
    })
  for (const payload of ['{}', '{"keyId":1}', '{"keyId":null}', '{"keyid":"x"}']) {
    const { details } = readErrorOf('VALIDATION_FAILED', await post(payload))
    assert.deepEqual(details, [{ location: 'keyId', message: 'must be the compact JWE' }])
  }
  for (const payload of ['', '[]', 'x', '{"keyId":']) {
    readErrorOf('BODY_NOT_JSON', await post(payload))
  }
  readErrorOf('JWE_MALFORMED', await post('{"keyId":""}'))
})
