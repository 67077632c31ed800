import { strict as assert } from 'node:assert'
import { spawn } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request } from 'node:https'
import { text } from 'node:stream/consumers'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { test, type TestContext } from 'node:test'
import { createConstrainedAuthority } from '../../src/certificates/constrained-authority.ts'
import {
  createLocalAuthority,
  type LocalAuthority,
} from '../../src/certificates/local-authority.ts'
import { systemClock, systemRandom } from '../../src/clock-and-random.ts'
import { OperatorError } from '../../src/errors.ts'
import { makeFolder, makeFolderWithOpenssl, requireProgram, type Folder } from './folder.ts'

const HOSTS = ['localhost', '127.0.0.1', '::1']
const NEEDS = { now: systemClock, random: systemRandom }
const DAY_MILLISECONDS = 86_400_000

const local = await createLocalAuthority({ hosts: HOSTS, ...NEEDS })

async function serve(t: TestContext, host: string, { certificatePem, keyPem }: LocalAuthority) {
  const server = createServer({ cert: certificatePem, key: keyPem }, (_, response) => {
    response.end('hello')
  })
  t.after(() => server.close())
  await once(server.listen(0, host), 'listening')
  return (server.address() as AddressInfo).port
}

async function get(url: string, ca: string): Promise<string> {
  const sent = request(url, { ca, agent: false }).end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return text(response)
}

for (const [host, address] of [
  ['localhost', 'localhost'],
  ['127.0.0.1', '127.0.0.1'],
  ['[::1]', '::1'],
] as const) {
  const addresses = Object.values(networkInterfaces()).flat()
  const skip = address === '::1' && addresses.every((each) => each?.address !== address)
  test(`a client that trusts the authority accepts https://${host}`, { skip }, async (t) => {
    const port = await serve(t, address, local)
    assert.equal(await get(`https://${host}:${port}/`, local.caPem), 'hello')
  })
}

test('a client that trusts another authority accepts nothing', async (t) => {
  const other = await createLocalAuthority({ hosts: HOSTS, ...NEEDS })
  const port = await serve(t, 'localhost', local)
  await assert.rejects(get(`https://localhost:${port}/`, other.caPem), {
    code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  })
})

test('curl accepts the certificate with --cacert', async (t) => {
  if (!requireProgram(t, 'curl')) return
  const folder = makeFolder(t)
  folder.write('ca.pem', local.caPem)
  const port = await serve(t, '127.0.0.1', local)
  const call = (...trust: string[]) => {
    const args = ['-sS', '--noproxy', '*', ...trust, `https://127.0.0.1:${port}/`]
    return text(spawn('curl', args, { cwd: folder.path }).stdout)
  }
  assert.equal(await call('--cacert', 'ca.pem'), 'hello')
  assert.equal(await call(), '')
})

/** Writes what an authority signed for hosts, and returns what `openssl verify` says of it. */
function verify(
  folder: Folder,
  { caPem, certificatePem }: Omit<LocalAuthority, 'keyPem'>,
  more = '',
) {
  folder.write('ca.pem', caPem)
  folder.write('leaf.pem', certificatePem)
  return folder.run(
    'openssl',
    `verify -x509_strict -purpose sslserver${more} -CAfile ca.pem leaf.pem`,
  )
}

test('openssl verifies the certificate strictly, for each of its hosts and no other', (t) => {
  const folder = makeFolderWithOpenssl(t)
  if (folder === undefined) return
  for (const more of [
    '',
    ' -verify_hostname localhost',
    ' -verify_ip 127.0.0.1',
    ' -verify_ip ::1',
  ]) {
    assert.match(verify(folder, local, more).output, /leaf\.pem: OK/)
  }
  assert.match(verify(folder, local, ' -verify_hostname example.com').output, /hostname mismatch/i)
})

for (const host of [
  'example.com',
  'localhost.example.com',
  'notlocalhost',
  '10.0.0.1',
  '128.0.0.1',
]) {
  test(`a certificate for ${host} signed by such an authority is refused by its name constraints`, async (t) => {
    const folder = makeFolderWithOpenssl(t)
    if (folder === undefined) return
    const { caPem, certify } = await createConstrainedAuthority(NEEDS)
    const { status, output } = verify(folder, { caPem, ...(await certify([host])) })
    assert.notEqual(status, 0)
    assert.match(output, /permitted subtree violation/)
  })
}

test('Node refuses a certificate for another host by the name constraints too', async (t) => {
  const { caPem, certify } = await createConstrainedAuthority(NEEDS)
  const port = await serve(t, '127.0.0.1', { caPem, ...(await certify(['10.0.0.1', '127.0.0.1'])) })
  await assert.rejects(get(`https://127.0.0.1:${port}/`, caPem), {
    message: 'permitted subtree violation',
  })
})

test('names below localhost and all loopback addresses can be certified', async (t) => {
  const folder = makeFolderWithOpenssl(t)
  if (folder === undefined) return
  const hosts = ['shop.localhost', '127.255.0.9']
  const authority = await createLocalAuthority({ hosts, ...NEEDS })
  for (const more of [' -verify_hostname shop.localhost', ' -verify_ip 127.255.0.9']) {
    assert.match(verify(folder, authority, more).output, /leaf\.pem: OK/)
  }
})

test('other hosts are refused before anything is made', async () => {
  for (const host of [
    'example.com',
    '10.0.0.1',
    '::2',
    'localhost.',
    '*.localhost',
    'a\0.localhost',
    '',
  ]) {
    await assert.rejects(
      createLocalAuthority({ hosts: ['localhost', host], ...NEEDS }),
      (error) => error instanceof OperatorError && /this machine only/.test(error.problem),
    )
  }
})

test('the authority signs leaves for TLS servers only, and its critical extensions say so', (t) => {
  const folder = makeFolderWithOpenssl(t)
  if (folder === undefined) return
  folder.write('ca.pem', local.caPem)
  folder.write('leaf.pem', local.certificatePem)
  const authority = folder.openssl('x509 -in ca.pem -noout -text')
  assert.match(authority, /Basic Constraints: critical\s+CA:TRUE, pathlen:0\n/)
  assert.match(authority, /Key Usage: critical\s+Certificate Sign, CRL Sign\n/)
  assert.match(authority, /Extended Key Usage: \n\s+TLS Web Server Authentication\n/)
  assert.match(
    authority,
    /Name Constraints: critical\s+Permitted:\s+DNS:localhost\s+IP:127\.0\.0\.0\/255\.0\.0\.0\s+IP:0:0:0:0:0:0:0:1\/(?:FFFF:?){8}\n/,
  )
  const leaf = folder.openssl('x509 -in leaf.pem -noout -text')
  assert.match(leaf, /Basic Constraints: critical\s+CA:FALSE\n/)
  assert.match(leaf, /X509v3 Key Usage: critical\s+Digital Signature\n/)
  assert.match(leaf, /Extended Key Usage: \n\s+TLS Web Server Authentication\n/)
  assert.match(leaf, /DNS:localhost, IP Address:127\.0\.0\.1, IP Address:0:0:0:0:0:0:0:1\n/)
})

test('certificates begin an hour ago and are good for 825 days at most', async () => {
  const now = new Date('2026-03-01T12:00:00.500Z')
  const { caPem, certificatePem } = await createLocalAuthority({
    hosts: HOSTS,
    now: () => now,
    random: systemRandom,
  })
  for (const pem of [caPem, certificatePem]) {
    const { validFromDate, validToDate } = new X509Certificate(pem)
    assert.equal(validFromDate.toISOString(), '2026-03-01T11:00:00.000Z')
    assert.ok(validToDate.getTime() - validFromDate.getTime() < 825 * DAY_MILLISECONDS)
    assert.ok(validToDate.getTime() - now.getTime() > 800 * DAY_MILLISECONDS)
  }
})

test('the key handed out is that of the server, and nothing else is handed out', () => {
  assert.deepEqual(Object.keys(local).toSorted(), ['caPem', 'certificatePem', 'keyPem'])
  const key = createPrivateKey(local.keyPem)
  assert.equal(new X509Certificate(local.certificatePem).checkPrivateKey(key), true)
  assert.equal(new X509Certificate(local.caPem).checkPrivateKey(key), false)
})

test('no two certificates have one number, and no two authorities one name', async () => {
  const other = await createLocalAuthority({ hosts: HOSTS, ...NEEDS })
  const certificates = [local, other].flatMap(({ caPem, certificatePem }) =>
    [caPem, certificatePem].map((pem) => new X509Certificate(pem)),
  )
  assert.equal(new Set(certificates.map(({ serialNumber }) => serialNumber)).size, 4)
  assert.equal(new Set(certificates.map(({ issuer }) => issuer)).size, 2)
})

test('numbers are positive even when the random bytes are all ones', async () => {
  const random = { ...systemRandom, bytes: (count: number) => Buffer.alloc(count, 0xff) }
  const { certificatePem } = await createLocalAuthority({ hosts: HOSTS, now: systemClock, random })
  assert.equal(new X509Certificate(certificatePem).serialNumber, `40${'FF'.repeat(15)}`)
})
