import { strict as assert } from 'node:assert'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { after, before, test } from 'node:test'

import { CompactEncrypt, importPKCS8, SignJWT } from 'jose'

import { createClient, type Client } from '../../src/client/index.ts'
import { SIGNING_KEY } from '../flow.ts'
import { MERCHANT as BUNDLED, startHarness, type Harness } from '../harness.ts'
import { makeCard, RELEASE_KEY } from '../releases.ts'
import { startHost } from './host.ts'
import { MERCHANT } from './merchant.ts'
import { rejectsWith } from './rejects.ts'

const JTI = '1E0WC1GO87JG1BDP0CQ8SCR1TTK86U9N98H3WH8IFM9MVEWTIYFI62F4941E7A92'
const PEM = pem(RELEASE_KEY)

let harness: Harness
let client: Client
let url: string
before(async () => {
  harness = await startHarness()
  url = await harness.listen()
  client = createClient({ ...BUNDLED, url })
})
after(() => harness.close())

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

const CARD = {
  number: '4111111111111111',
  expirationMonth: '12',
  expirationYear: '2031',
  type: '001',
}

test('a card is read in clear, its security code the first time only', async () => {
  const jti = await makeCard(harness)
  assert.deepEqual(await client.getPaymentCredentials(jti, { privateKey: PEM }), {
    paymentInformation: { card: { ...CARD, securityCode: '737' } },
  })
  const privateKey = await importPKCS8(PEM, 'RSA-OAEP-256')
  assert.deepEqual(await client.getPaymentCredentials(jti, { privateKey }), {
    paymentInformation: { card: CARD },
  })
})

test('a key that is none, and a reference that is none, are refused before anything is sent', async (t) => {
  const host = await startHost(t, () => ({ body: 'x' }))
  const silent = createClient({ ...MERCHANT, url: host.origin })
  for (const privateKey of ['', 'key', PEM.slice(0, 200)]) {
    const error = await rejectsWith(
      'OPTIONS_INVALID',
      silent.getPaymentCredentials(JTI, { privateKey }),
    )
    assert.ok(privateKey === '' || !error.message.includes(privateKey))
  }
  for (const reference of ['', '..', 'a/b', `${JTI}\n`]) {
    const asked = silent.getPaymentCredentials(reference, { privateKey: PEM })
    await rejectsWith('TRANSIENT_TOKEN_INVALID', asked)
  }
  assert.equal(host.received.length, 0)
})

test('a CryptoKey that cannot decrypt is refused before anything is sent', async (t) => {
  const host = await startHost(t, () => ({ body: 'x' }))
  const silent = createClient({ ...MERCHANT, url: host.origin })
  const { subtle } = globalThis.crypto
  const oaep = { name: 'RSA-OAEP', hash: 'SHA-256' } as const
  const pkcs8 = RELEASE_KEY.export({ type: 'pkcs8', format: 'der' })
  const unfit = [
    await importPKCS8(PEM, 'RSA-OAEP'),
    await importPKCS8(PEM, 'RS256'),
    await subtle.importKey('pkcs8', pkcs8, oaep, false, ['unwrapKey']),
  ]
  for (const privateKey of unfit) {
    await rejectsWith('OPTIONS_INVALID', silent.getPaymentCredentials(JTI, { privateKey }))
  }
  assert.equal(host.received.length, 0)
})

test('the refusals of the service are passed on', async () => {
  const privateKey = PEM
  await rejectsWith('NOT_FOUND', client.getPaymentCredentials(JTI, { privateKey }))
  const signing = createClient({ ...BUNDLED, url, authentication: 'http_signature' })
  const jti = await makeCard(harness)
  const unbound = signing.getPaymentCredentials(jti, { privateKey })
  assert.equal((await rejectsWith('HTTP_ERROR', unbound)).status, 403)
  const other = createClient({ ...(await harness.addMerchant()), url })
  const error = await rejectsWith('HTTP_ERROR', other.getPaymentCredentials(jti, { privateKey }))
  assert.deepEqual([error.status, error.message], [403, 'Cards are not released to this merchant'])
})

interface Made {
  readonly signedBy?: KeyObject
  readonly jti?: string
  readonly expires?: string
  readonly alg?: 'RSA-OAEP-256' | 'RSA-OAEP'
}

/** A host that answers with a release of its own making. */
async function hostWith(t: Parameters<typeof startHost>[0], made: Made = {}): Promise<Client> {
  const { signedBy = SIGNING_KEY, jti = JTI, expires = '15m', alg = 'RSA-OAEP-256' } = made
  const jwt = await new SignJWT({ jti, content: { paymentInformation: { card: CARD } } })
    .setProtectedHeader({ alg: 'RS256', kid: 'dv' })
    .setExpirationTime(expires)
    .sign(signedBy)
  const { n = '', e = '' } = RELEASE_KEY.export({ format: 'jwk' })
  const jwe = await new CompactEncrypt(Buffer.from(jwt))
    .setProtectedHeader({ alg, enc: 'A256GCM', cty: 'JWT' })
    .encrypt({ kty: 'RSA', n, e })
  const key = SIGNING_KEY.export({ format: 'jwk' })
  const jwk = JSON.stringify({ kty: 'RSA', use: 'enc', kid: 'dv', n: key.n, e: key.e })
  const host = await startHost(t, ({ target }) => ({
    body: target.includes('public-keys') ? jwk : jwe,
  }))
  return createClient({ ...MERCHANT, url: host.origin })
}

test('a release that another signed, of another token, or that has expired is not trusted', async (t) => {
  const { privateKey: foreign } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const good = await hostWith(t)
  assert.deepEqual(await good.getPaymentCredentials(JTI, { privateKey: PEM }), {
    paymentInformation: { card: CARD },
  })
  for (const made of [{ signedBy: foreign }, { jti: 'another' }, { expires: '-5m' }]) {
    const bad = await hostWith(t, made)
    const asked = bad.getPaymentCredentials(JTI, { privateKey: PEM })
    const error = await rejectsWith('CREDENTIALS_INVALID', asked)
    assert.ok(!error.message.includes(CARD.number))
  }
})

test('what does not decrypt with the key, or was encrypted in another way, is refused', async (t) => {
  const { privateKey: foreign } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const host = await hostWith(t)
  const wrong = host.getPaymentCredentials(JTI, { privateKey: pem(foreign) })
  await rejectsWith('DECRYPTION_FAILED', wrong)
  const weak = await hostWith(t, { alg: 'RSA-OAEP' })
  const asked = weak.getPaymentCredentials(JTI, { privateKey: PEM })
  await rejectsWith('DECRYPTION_FAILED', asked)
})

test('a reply that is no JWE is refused', async (t) => {
  for (const body of ['', '{}', 'a.b.c', 'a.b.c.d.e.f']) {
    const host = await startHost(t, () => ({ body }))
    const odd = createClient({ ...MERCHANT, url: host.origin })
    await rejectsWith('REPLY_INVALID', odd.getPaymentCredentials(JTI, { privateKey: PEM }))
  }
})
