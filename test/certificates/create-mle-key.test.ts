import { strict as assert } from 'node:assert'
import { createPublicKey, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { createMleKey, nameMleCertificate } from '../../src/certificates/create-mle-key.ts'
import { keyIdOf, readCertificate } from '../../src/certificates/read-certificate.ts'
import { systemRandom } from '../../src/clock-and-random.ts'

const now = () => new Date('2026-11-22T09:00:00Z')

test('makes an RSA-2048 key, and a certificate of ten years that names it and is for encrypting', async () => {
  const key = await createMleKey({ kid: '17000001', now, random: systemRandom })
  const certificate = readCertificate(key.certificate, now)
  assert.equal(keyIdOf(certificate), key.kid)
  assert.ok(certificate.publicKey.equals(createPublicKey(key.privateKey)))
  const x509 = new X509Certificate(key.certificate)
  assert.ok(x509.verify(certificate.publicKey))
  assert.equal(x509.ca, false)
  assert.equal(x509.validToDate.toISOString(), '2036-11-19T09:00:00.000Z')
  const { friendlyName, certificatePem } = nameMleCertificate(key)
  assert.equal(friendlyName, `serialNumber=17000001,CN=${certificate.merchantId}`)
  assert.equal(certificatePem, key.certificate)
})
