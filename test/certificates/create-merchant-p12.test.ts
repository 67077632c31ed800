import { strict as assert } from 'node:assert'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { createMerchantP12 } from '../../src/certificates/create-merchant-p12.ts'
import { readP12 } from '../../src/certificates/read-p12.ts'
import { systemRandom } from '../../src/clock-and-random.ts'
import { OperatorError } from '../../src/errors.ts'
import { makeFolderWithOpenssl } from './folder.ts'

const OPTIONS = {
  merchantId: 'test_mid',
  serialNumber: '1757970970891045729358',
  password: 'secret',
  now: () => new Date('2026-03-01T12:00:00.500Z'),
  random: systemRandom,
}
const OTHER = await createMerchantP12({ ...OPTIONS, merchantId: 'other' })
const MADE = await createMerchantP12({
  ...OPTIONS,
  furtherCertificates: [{ friendlyName: 'CN=other', certificatePem: OTHER.certificatePem }],
})

test('the certificate names merchant and key, is self-signed and good for two years', () => {
  const certificate = new X509Certificate(MADE.certificatePem)
  assert.equal(certificate.subject, 'CN=test_mid\nserialNumber=1757970970891045729358')
  assert.equal(certificate.issuer, certificate.subject)
  assert.ok(certificate.verify(certificate.publicKey))
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.modulusLength, 2048)
  assert.equal(certificate.validFromDate.toISOString(), '2026-03-01T12:00:00.000Z')
  assert.equal(certificate.validToDate.toISOString(), '2028-02-29T12:00:00.000Z')
  assert.equal(certificate.ca, false)
})

test('the certificate can be good until after 2049', async () => {
  const { certificatePem } = await createMerchantP12({ ...OPTIONS, validDays: 10_000 })
  const { validToDate } = new X509Certificate(certificatePem)
  assert.equal(validToDate.toISOString(), '2053-07-17T12:00:00.000Z')
})

test('openssl opens the file, which is protected with AES-256 and SHA-256', (t) => {
  const folder = makeFolderWithOpenssl(t)
  if (folder === undefined) return
  folder.write('merchant.p12', MADE.p12)
  const output = folder.openssl('pkcs12 -in merchant.p12 -passin pass:secret -info -noenc')
  assert.match(output, /MAC: sha256, Iteration 10000/)
  assert.match(output, /PBES2, PBKDF2, AES-256-CBC, Iteration 10000, PRF hmacWithSHA256/)
  const [ofMerchant, further, key, ...others] = output.split('Bag Attributes').slice(1)
  assert.equal(others.length, 0)
  for (const bag of [ofMerchant, key]) {
    assert.match(bag ?? '', /friendlyName: serialNumber=1757970970891045729358,CN=test_mid\n/)
  }
  const localKeyIds = [ofMerchant, key].map((bag) => /localKeyID: [\dA-F ]+/.exec(bag ?? '')?.[0])
  assert.equal(localKeyIds[0], localKeyIds[1])
  assert.match(further ?? '', /friendlyName: CN=other\n/)
  assert.doesNotMatch(further ?? '', /localKeyID/)
  const wrong = folder.run('openssl', 'pkcs12 -in merchant.p12 -passin pass:Secret -info -noenc')
  assert.match(wrong.output, /invalid password/)
})

test('what is written is read back', () => {
  assert.deepEqual(readP12(MADE.p12, { password: 'secret' }), {
    certificatePem: MADE.certificatePem,
    certificatePems: [MADE.certificatePem, OTHER.certificatePem],
  })
})

test('the password, of whatever length, opens the file', async () => {
  for (const password of [' ', 'a'.repeat(31), 'b'.repeat(32), '~'.repeat(200)]) {
    const { p12, certificatePem } = await createMerchantP12({ ...OPTIONS, password })
    assert.equal(readP12(p12, { password }).certificatePem, certificatePem)
  }
})

test('serial numbers and passwords that clients would read differently are refused', async () => {
  const refused = [
    { serialNumber: '' },
    { serialNumber: '1,CN=x' },
    { serialNumber: '1_2' },
    { serialNumber: '1'.repeat(65) },
    { password: '' },
    { password: 'pässwort' },
    { password: 'a\n' },
  ]
  for (const options of refused) {
    await assert.rejects(
      createMerchantP12({ ...OPTIONS, ...options }),
      (error) => error instanceof OperatorError && !error.message.includes('pässwort'),
    )
  }
})
