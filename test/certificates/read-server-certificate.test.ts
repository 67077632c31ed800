import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { chmodSync } from 'node:fs'
import { test } from 'node:test'
import {
  createConstrainedAuthority,
  type ServerCertificate,
} from '../../src/certificates/constrained-authority.ts'
import { readServerCertificate } from '../../src/certificates/read-server-certificate.ts'
import { systemClock, systemRandom } from '../../src/clock-and-random.ts'
import { OperatorError } from '../../src/errors.ts'
import { makeFolder } from './folder.ts'

const authority = await createConstrainedAuthority({ now: systemClock, random: systemRandom })
const [pair, another] = [
  await authority.certify(['localhost']),
  await authority.certify(['localhost']),
]
const encrypted = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
}).privateKey
const DAY = 86_400_000
const later = (days: number) => () => new Date(Date.now() + days * DAY)

interface Case {
  readonly title: string
  readonly certificate?: string
  readonly key?: string
  readonly mode?: number
  readonly days?: number
  readonly says: RegExp
}

const CASES: readonly Case[] = [
  {
    title: 'a key that others may read',
    mode: 0o640,
    says: /^The key file .*key\.pem can be read by others\. Run: chmod 600 .*key\.pem$/,
  },
  {
    title: 'a key of another certificate',
    key: another.keyPem,
    says: /^The key of .* does not belong to the certificate of .*\. /,
  },
  {
    title: 'a certificate that is not the first',
    certificate: authority.caPem + pair.certificatePem,
    says: /is not the first in .*\. Put the own certificate first/,
  },
  { title: 'an encrypted key', key: encrypted, says: /^The key of .* is encrypted/ },
  {
    title: 'a key that is none',
    key: 'no key',
    says: /^.*key\.pem holds no private key in PEM that can be read\. /,
  },
  {
    title: 'a certificate that is none',
    certificate: 'no certificate',
    says: /^.*cert\.pem holds no certificate in PEM/,
  },
  {
    title: 'a certificate with a broken one behind it',
    certificate: `${pair.certificatePem}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
    says: /holds no certificate in PEM/,
  },
  {
    title: 'an expired certificate',
    days: 821,
    says: /^A certificate in .*cert\.pem has expired on \d{4}-\d\d-\d\dT.*\. Have it renewed/,
  },
  {
    title: 'a certificate that is not good yet',
    days: -2,
    says: /^A certificate in .*cert\.pem is good only from \d{4}.* on\. Check the clock/,
  },
]

function read(
  t: Parameters<typeof makeFolder>[0],
  { certificate, key, mode = 0o600, days = 0 }: Partial<Case>,
): ServerCertificate {
  const folder = makeFolder(t)
  folder.write('cert.pem', certificate ?? pair.certificatePem)
  folder.write('key.pem', key ?? pair.keyPem)
  const [certFile, keyFile] = [join(folder.path, 'cert.pem'), join(folder.path, 'key.pem')]
  chmodSync(keyFile, mode)
  return readServerCertificate({ certFile, keyFile }, later(days))
}

function sentenceOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof OperatorError)
    return `${error.problem} ${error.fix}`
  }
  return assert.fail('nothing was refused')
}

test('a certificate with its issuers behind it, and its key, are read as they are', (t) => {
  const certificate = `text around\n${pair.certificatePem}${authority.caPem}`
  const expected = { certificatePem: certificate, keyPem: pair.keyPem }
  assert.deepEqual(read(t, { certificate }), expected)
})

for (const { title, says, ...files } of CASES) {
  test(`${title} is refused in one sentence with its remedy`, (t) => {
    assert.match(
      sentenceOf(() => read(t, files)),
      says,
    )
  })
}

test('files that are not there are named', () => {
  const missing = { certFile: '/no/cert.pem', keyFile: '/no/key.pem' }
  const sentence = sentenceOf(() => readServerCertificate(missing, systemClock))
  assert.match(sentence, /^The file \/no\/cert\.pem cannot be read\. .* with --tls-cert-file\.$/)
})

test('a key too weak for TLS is refused with the reason of OpenSSL', async (t) => {
  const folder = makeFolder(t)
  const args =
    'req -x509 -newkey rsa:512 -nodes -keyout key.pem -out cert.pem -subj /CN=localhost -days 2'
  if (folder.run('openssl', args).status !== 0) return t.skip('this openssl makes no such key')
  const weak = {
    certificate: folder.read('cert.pem').toString(),
    key: folder.read('key.pem').toString(),
  }
  assert.match(
    sentenceOf(() => read(t, weak)),
    /^TLS cannot use the certificate of .*: .*small.*\. /,
  )
})
