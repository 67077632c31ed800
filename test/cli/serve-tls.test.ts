import assert from 'node:assert/strict'
import { once } from 'node:events'
import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { connect } from 'node:tls'
import {
  createConstrainedAuthority,
  type ServerCertificate,
} from '../../src/certificates/constrained-authority.ts'
import { systemClock, systemRandom } from '../../src/clock-and-random.ts'
import { get, trust } from '../https.ts'
import { makeFolder, run, until } from '../process.ts'
import { makeVault, ORIGIN, serveArgs, type MadeVault } from '../vault.ts'
import { beginSession, createFlow, isListening, type Flow } from './flow.ts'
import { serve, type Serving } from './serving.ts'

const KEY_PATH = '/flex/v2/public-keys/k1'
const NEEDS = { now: systemClock, random: systemRandom }

const authority = await createConstrainedAuthority(NEEDS)
const { caPem } = authority
trust(caPem)

let vault: MadeVault
before(async () => {
  vault = await makeVault(2000)
})

/** Files of a certificate, and the arguments that name them. */
interface Files {
  readonly folder: string
  readonly args: readonly string[]
  /** Writes one file after the other, or only one of them. */
  write(pair: Partial<ServerCertificate>): void
}

async function makeFiles(): Promise<Files> {
  const folder = makeFolder()
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const write: Files['write'] = ({ certificatePem, keyPem }) => {
    if (certificatePem !== undefined) writeFileSync(certFile, certificatePem)
    if (keyPem !== undefined) writeFileSync(keyFile, keyPem, { mode: 0o600 })
  }
  write(await certify())
  return { folder, args: ['--tls-cert-file', certFile, '--tls-key-file', keyFile], write }
}

function certify(): Promise<ServerCertificate> {
  return authority.certify(['127.0.0.1'])
}

interface SecureServing {
  readonly serving: Serving
  readonly url: string
  readonly flow: Flow
}

async function serveSecurely(
  scope: Parameters<typeof serve>[0],
  { args }: Files,
  more: readonly string[] = [],
): Promise<SecureServing> {
  const serving = await serve(scope, vault, { args: [...args, ...more] })
  const url = `https://127.0.0.1:${serving.ready.port}`
  const flow = createFlow({ ...vault, url }, { origin: ORIGIN, timeoutSeconds: 5 })
  return { serving, url, flow }
}

/** Waits until every new connection is shown one certificate, which none was shown earlier. */
function untilRenewed(
  { serving, url }: SecureServing,
  earlier: ReadonlySet<string>,
): Promise<unknown> {
  return until(async () => {
    const now = await shown(url)
    return now.size === 1 && [...now].every((fingerprint) => !earlier.has(fingerprint))
  }, serving)
}

/** The certificates that a number of new connections were shown; the workers take them in turns. */
async function shown(url: string): Promise<ReadonlySet<string>> {
  const replies = await Promise.all(Array.from({ length: 6 }, () => get(url + KEY_PATH, caPem)))
  return new Set(replies.map(({ fingerprint }) => fingerprint))
}

test('serve speaks TLS by itself, beyond this machine too, and says so', async (t) => {
  const { serving, url, flow } = await serveSecurely(t, await makeFiles(), ['--host', '0.0.0.0'])
  assert.equal((serving.ready as unknown as { readonly tls: boolean }).tls, true)
  await flow.redeem(await flow.openSession())
  // Which callers of the public origin would find out one by one.
  const warning =
    /"level":"warn".*"host":"pay\.example\.com".*the TLS certificate is not for the host/
  assert.match(serving.output.stdout, warning)
  await assert.rejects(fetch(url.replace('https:', 'http:')))
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const
  await assert.rejects(get(url + KEY_PATH, caPem, old), /protocol version/)
  const modern = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const
  assert.equal((await get(url + KEY_PATH, caPem, modern)).status, 200)
})

test('every worker takes a new certificate under load, and no request breaks', async (t) => {
  const files = await makeFiles()
  const secured = await serveSecurely(t, files)
  const { serving, url, flow } = secured
  const over = new AbortController()
  let requests = 0
  const load = Array.from({ length: 4 }, async (_, each) => {
    while (!over.signal.aborted) {
      // Half of them on connections that are kept, half on new ones.
      if (each % 2 === 0) await flow.redeem(await flow.openSession())
      else assert.equal((await get(url + KEY_PATH, caPem)).status, 200)
      requests += 1
    }
  })
  let earlier = await shown(url)
  for (let renewal = 0; renewal < 3; renewal += 1) {
    files.write(await certify())
    await untilRenewed(secured, earlier)
    earlier = await shown(url)
  }
  over.abort()
  await Promise.all(load)
  t.diagnostic(`${requests} requests`)
  assert.ok(requests > 50)
  assert.doesNotMatch(serving.output.stdout, /"level":"error"/)
})

test('a new certificate behind a symbolic link is taken, as programs that renew them leave it', async (t) => {
  const { folder, write } = await makeFiles()
  const [live, next] = [join(folder, 'live'), join(folder, 'next')]
  const other = await makeFiles()
  symlinkSync(folder, live)
  const args = ['--tls-cert-file', join(live, 'cert.pem'), '--tls-key-file', join(live, 'key.pem')]
  const secured = await serveSecurely(t, { folder, args, write })
  const first = await shown(secured.url)
  symlinkSync(other.folder, next)
  renameSync(next, live)
  await untilRenewed(secured, first)
})

test('a new certificate that is no good is logged with its remedy, and the old one stays until a good one comes', async (t) => {
  const files = await makeFiles()
  const secured = await serveSecurely(t, files)
  const { serving, url } = secured
  const earlier = await shown(url)
  const logged =
    (text: string): (() => boolean) =>
    () =>
      serving.output.stdout.split(text).length - 1 === 2
  const { certificatePem } = await certify()
  files.write({ certificatePem })
  // Once for each worker.
  await until(logged('does not belong to the certificate of'), serving)
  assert.match(serving.output.stdout, /"level":"error".*"fix":"Name the key that .*--tls-key-file/)
  assert.deepEqual(await shown(url), earlier)
  rmSync(join(files.folder, 'key.pem'))
  await until(logged('key.pem cannot be read'), serving)
  assert.deepEqual(await shown(url), earlier)
  files.write(await certify())
  await untilRenewed(secured, earlier)
})

test('over TLS, serve finishes what was begun on SIGTERM and exits with 0', async (t) => {
  const { serving, url } = await serveSecurely(t, await makeFiles())
  const unused = connect({ port: serving.ready.port, host: '127.0.0.1', ca: caPem })
  unused.on('error', () => undefined).resume()
  await once(unused, 'secureConnect')
  const credentials = { ...vault, url }
  const begun = await Promise.all(
    Array.from({ length: 4 }, () => beginSession(credentials, { ca: caPem })),
  )
  serving.kill('SIGTERM')
  await until(async () => !(await isListening(url)), serving)
  for (const { finish } of begun) assert.equal((await finish()).status, 201)
  // With 1 it ends when anything, such as the connection that nobody uses, holds it up.
  assert.equal((await serving.ended).code, 0, serving.output.stderr)
})

test('serve refuses a certificate that is no good in one sentence', async (t) => {
  const files = await makeFiles()
  const common = serveArgs(vault)
  const refusal = async (args: readonly string[], given = common): Promise<string> => {
    const { code, stdout, stderr } = await run(t, [...given, ...args])
    assert.equal(code, 1, stderr)
    assert.equal(stdout, '')
    return stderr
  }
  const [certFlag = '', certFile = ''] = files.args
  assert.equal(
    await refusal(['--host', '0.0.0.0', certFlag, certFile]),
    'coatcheck: Of the certificate and its key only one is named.\n  Name both, with --tls-cert-file and --tls-key-file.\n',
  )
  files.write({ keyPem: (await certify()).keyPem })
  assert.match(
    await refusal(files.args),
    /^coatcheck: The key of \S+key\.pem does not belong to the certificate of \S+cert\.pem\.\n {2}Name the key /,
  )
  const past = { ...NEEDS, now: () => new Date('2020-01-01') }
  files.write(await (await createConstrainedAuthority(past)).certify(['127.0.0.1']))
  assert.match(await refusal(files.args), /^coatcheck: A certificate in \S+ has expired on 2022-/)
  const nowhere = common.map((argument) => (argument === ORIGIN ? '' : argument))
  const both = await refusal(files.args, nowhere)
  assert.match(both, /^coatcheck: 2 things are missing:\n {2}- There is no public origin/)
})
