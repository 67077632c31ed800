import { strict as assert } from 'node:assert'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { keyIdOf, readCertificate } from '../../src/certificates/read-certificate.ts'
import { signCertificate, type Name } from '../../src/certificates/sign-certificate.ts'
import { systemRandom } from '../../src/clock-and-random.ts'
import { makeFolderWithOpenssl, type Folder } from './folder.ts'

const NOW = new Date('2026-03-01T12:00:00Z')
const now = () => NOW
const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })

function sign(name: Name, { publicKey, privateKey } = keys): string {
  const [notBefore, notAfter] = [new Date('2026-01-01T00:00:00Z'), new Date('2027-01-01T00:00:00Z')]
  const draft = { subject: name, publicKey, notBefore, notAfter, extensions: [] }
  return signCertificate(draft, { name, privateKey }, systemRandom)
}

const PEM = sign({ commonName: 'testmid', serialNumber: '1757970970891045729358' })
const X509 = new X509Certificate(PEM)

test('a certificate is read with everything that authentication needs', () => {
  const { publicKey, ...read } = readCertificate(PEM, now)
  assert.deepEqual(read, {
    merchantId: 'testmid',
    serialNumber: '1757970970891045729358',
    fingerprint256: X509.fingerprint256.replaceAll(':', '').toLowerCase(),
    notBefore: Date.parse('2026-01-01T00:00:00Z') / 1000,
    notAfter: Date.parse('2027-01-01T00:00:00Z') / 1000,
    pem: PEM,
  })
  assert.equal(publicKey.type, 'public')
  assert.ok(publicKey.equals(keys.publicKey))
})

test('only the certificate is kept of what stands around it', () => {
  const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' })
  const files = [
    Buffer.from(PEM),
    X509.raw,
    `Bag Attributes\n    friendlyName: testmid\n${PEM}${String(key)}`,
    `${String(key)}${PEM.replaceAll('\n', '\r\n')}`,
    `\u{feff}${PEM}`,
  ]
  for (const file of files) assert.equal(readCertificate(file, now).pem, PEM)
})

test('what is not a certificate is refused without being quoted', () => {
  const files = [
    '',
    'a secret',
    Buffer.from('a secret'),
    keys.publicKey.export({ type: 'spki', format: 'pem' }),
    keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    '-----BEGIN CERTIFICATE-----\na secret\n-----END CERTIFICATE-----',
    PEM.slice(0, -40),
  ]
  for (const file of files) {
    assert.throws(() => readCertificate(file, now), {
      problem: 'The file holds no X.509 certificate that can be read.',
    })
  }
})

test('several certificates are refused', () => {
  assert.throws(() => readCertificate(PEM + PEM, now), {
    problem: 'The file holds several certificates.',
  })
})

test('a certificate is good to its last second', () => {
  readCertificate(PEM, () => new Date('2027-01-01T00:00:00Z'))
  assert.throws(() => readCertificate(PEM, () => new Date('2027-01-01T00:00:01Z')), {
    problem: 'The certificate has expired.',
  })
})

test('a certificate without serialNumber is read, but has no key id', () => {
  const certificate = readCertificate(sign({ commonName: 'testmid' }), now)
  assert.equal(certificate.serialNumber, undefined)
  assert.throws(() => keyIdOf(certificate), { problem: /has no serialNumber/ })
  assert.equal(keyIdOf(readCertificate(PEM, now)), '1757970970891045729358')
})

test('keys that RS256 cannot be trusted with are refused', () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  for (const pair of [weak, curve]) {
    assert.throws(() => readCertificate(sign({ commonName: 'testmid' }, pair), now), {
      problem: 'The certificate is not for an RSA key of at least 2048 bits.',
    })
  }
})

function request(folder: Folder, subject: string): string {
  folder.write('key.pem', keys.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  folder.openssl(
    `req -x509 -utf8 -multivalue-rdn -days 9000 -key key.pem -subj ${subject} -out a.pem`,
  )
  return folder.read('a.pem').toString()
}

test('subjects are read by attribute, however they are written', (t) => {
  const folder = makeFolderWithOpenssl(t)
  if (folder === undefined) return
  const read = (subject: string) => {
    const { merchantId, serialNumber } = readCertificate(request(folder, subject), now)
    return [merchantId, serialNumber]
  }
  assert.deepEqual(read('/serialNumber=7/O=x/CN=testmid/C=US'), ['testmid', '7'])
  assert.deepEqual(read('/CN=testmid+serialNumber=7'), ['testmid', '7'])
  assert.deepEqual(read('/CN=a,serialNumber=8/serialNumber=7'), ['a,serialNumber=8', '7'])
  assert.deepEqual(read('/CN=a\nserialNumber=8'), ['a\nserialNumber=8', undefined])
  assert.deepEqual(read('/O=x\nCN=other/CN=ä'), ['ä', undefined])
})

test('subjects that do not say clearly whose key it is are refused', (t) => {
  const folder = makeFolderWithOpenssl(t)
  if (folder === undefined) return
  for (const subject of ['/', '/O=x', '/CN=a/CN=b', '/CN=a/serialNumber=7/serialNumber=8']) {
    const pem = request(folder, subject)
    assert.throws(() => readCertificate(pem, now), {
      problem: 'The subject of the certificate does not have one CN and at most one serialNumber.',
    })
  }
})
