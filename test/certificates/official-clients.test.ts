import { strict as assert } from 'node:assert'
import { createHash, generateKeyPairSync, verify, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { compactDecrypt } from 'jose'
import { createMerchantP12 } from '../../src/certificates/create-merchant-p12.ts'
import { keyIdOf, readCertificate } from '../../src/certificates/read-certificate.ts'
import { signCertificate } from '../../src/certificates/sign-certificate.ts'
import { systemClock, systemRandom } from '../../src/clock-and-random.ts'
import { makeFolder } from './folder.ts'

const MERCHANT_ID = 'test_mid-1.a'
const KEY_ID = '1757970970891045729358'
const PASSWORD = 'pass word!'
const NEEDS = { now: systemClock, random: systemRandom }

// The certificate to which clients encrypt whole requests; the service keeps its key.
const encryption = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ENCRYPTION_NAME = { commonName: 'CyberSource_SJC_US', serialNumber: '17000001' }
const encryptionPem = signCertificate(
  {
    subject: ENCRYPTION_NAME,
    publicKey: encryption.publicKey,
    notBefore: new Date(Date.now() - 1000),
    notAfter: new Date(Date.now() + 86_400_000),
    extensions: [],
  },
  { name: ENCRYPTION_NAME, privateKey: encryption.privateKey },
  systemRandom,
)
const { p12, certificatePem } = await createMerchantP12({
  merchantId: MERCHANT_ID,
  serialNumber: KEY_ID,
  password: PASSWORD,
  furtherCertificates: [
    { friendlyName: 'serialNumber=17000001,CN=CyberSource_SJC_US', certificatePem: encryptionPem },
  ],
  ...NEEDS,
})

type Callback = (error: Error | null) => void

/** What is used of an official client, which has no types. */
interface Client {
  readonly ApiClient: new () => object
  readonly FlexAPIApi: new (
    configuration: object,
    client: object,
  ) => { generateFlexAPICaptureContext(body: object, callback: Callback): void }
  readonly PaymentsApi: new (
    configuration: object,
    client: object,
  ) => { createPayment(body: object, callback: Callback): void }
}

interface Received {
  readonly authorization: string
  readonly body: Buffer
}

/** Lets an official client make a call to a stub, with the merchant's file, and returns what arrived. */
async function receiveFrom(
  t: TestContext,
  client: Client,
  call: (client: Client, configuration: object) => Promise<unknown>,
): Promise<Received> {
  let received: Received | undefined
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      received = { authorization: request.headers.authorization ?? '', body }
      response.writeHead(201, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const folder = makeFolder(t)
  folder.write('merchant.p12', p12)
  await call(client, {
    authenticationType: 'jwt',
    runEnvironment: 'apitest.cybersource.com',
    intermediateHost: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    merchantID: MERCHANT_ID,
    keyAlias: MERCHANT_ID,
    keysDirectory: folder.path,
    keyFileName: 'merchant',
    keyPass: PASSWORD,
    logConfiguration: { enableLog: false },
  })
  assert.ok(received, 'nothing arrived')
  return received
}

function openSession(client: Client, configuration: object): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const api = new client.FlexAPIApi(configuration, new client.ApiClient())
  api.generateFlexAPICaptureContext({ fields: {} }, (error) => {
    if (error === null) resolve()
    else reject(error)
  })
  return promise
}

interface Jwt {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/** Verifies a bearer JWT with the merchant's certificate, and that it is about the body. */
function verifyJwt({ authorization, body }: Received): Jwt {
  assert.match(authorization, /^Bearer [\w-]+\.[\w-]+\.[\w-]+$/)
  const [header = '', claims = '', signature = ''] = authorization
    .slice('Bearer '.length)
    .split('.')
  const { publicKey } = readCertificate(certificatePem, systemClock)
  const signed = Buffer.from(`${header}.${claims}`)
  assert.ok(verify('sha256', signed, publicKey, Buffer.from(signature, 'base64url')))
  const decode = (part: string) =>
    JSON.parse(Buffer.from(part, 'base64url').toString()) as Jwt['header']
  const jwt: Jwt = { header: decode(header), claims: decode(claims) }
  assert.equal(jwt.header['alg'], 'RS256')
  assert.equal(jwt.claims['digest'], createHash('sha256').update(body).digest('base64'))
  return jwt
}

const require = createRequire(import.meta.url)

for (const [version, load] of [
  ['0.0.83', () => require('cybersource-rest-client') as Client],
  ['0.0.80', () => require('client-0.0.80') as Client],
] as const) {
  test(`the Node client ${version} signs JWTs of version 2 with the file, under the serial number`, async (t) => {
    const { header, claims } = verifyJwt(await receiveFrom(t, load(), openSession))
    assert.equal(header['kid'], KEY_ID)
    assert.equal(header['kid'], keyIdOf(readCertificate(certificatePem, systemClock)))
    assert.equal(claims['v-c-jwt-version'], '2')
    assert.equal(claims['v-c-merchant-id'], MERCHANT_ID)
  })
}

for (const [version, load] of [
  ['0.0.75', () => require('client-0.0.75') as Client],
  ['0.0.61', () => require('client-0.0.61') as Client],
] as const) {
  test(`the Node client ${version} signs JWTs of version 1 with the file, and sends its certificate`, async (t) => {
    const { header } = verifyJwt(await receiveFrom(t, load(), openSession))
    assert.equal(header['v-c-merchant-id'], MERCHANT_ID)
    const [sent = '', ...others] = header['x5c'] as readonly string[]
    assert.equal(others.length, 0)
    assert.ok(new X509Certificate(certificatePem).raw.equals(Buffer.from(sent, 'base64')))
  })
}

test('the Node client 0.0.83 finds the certificate for encrypting whole requests in the file', async (t) => {
  const pay = (client: Client, configuration: object): Promise<unknown> => {
    const encrypting = { ...configuration, enableRequestMLEForOptionalApisGlobally: true }
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const payments = new client.PaymentsApi(encrypting, new client.ApiClient())
    payments.createPayment({ clientReferenceInformation: { code: 'reference' } }, resolve)
    return promise
  }
  const received = await receiveFrom(t, require('cybersource-rest-client') as Client, pay)
  verifyJwt(received)
  const { encryptedRequest } = JSON.parse(received.body.toString())
  const { plaintext, protectedHeader } = await compactDecrypt(
    encryptedRequest as string,
    encryption.privateKey,
  )
  assert.equal(protectedHeader.kid, ENCRYPTION_NAME.serialNumber)
  assert.match(Buffer.from(plaintext).toString(), /"code":"reference"/)
})
