import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createConstrainedAuthority } from '../../src/certificates/constrained-authority.ts'
import { systemClock, systemRandom } from '../../src/clock-and-random.ts'
import { makeFolder, run, type Start } from '../process.ts'
import { makeVault, ORIGIN, type MadeVault } from '../vault.ts'
import { serve } from './serving.ts'

interface Diagnosis {
  readonly code: number | null
  readonly healthy: boolean
  readonly counts: Readonly<Record<string, number>>
  readonly findings: readonly {
    readonly area: string
    readonly severity: string
    readonly what: string
    readonly fix?: string
  }[]
}

async function diagnose(
  t: TestContext,
  args: readonly string[],
  start: Start = {},
): Promise<Diagnosis> {
  const { code, stdout, stderr } = await run(
    t,
    ['doctor', '--no-measure', '--json', ...args],
    start,
  )
  assert.equal(stderr, '')
  return { code, ...(JSON.parse(stdout) as Omit<Diagnosis, 'code'>) }
}

function argsOf({ data, rootKeyFile }: MadeVault): readonly string[] {
  return ['--data', data, '--root-key-file', rootKeyFile, '--origin', ORIGIN]
}

function textOf({ findings }: Diagnosis): string {
  return findings.map(({ severity, what, fix }) => `${severity}: ${what} → ${fix ?? ''}`).join('\n')
}

test('on a folder where nothing is set up doctor says what to run first', async (t) => {
  const folder = makeFolder()
  const diagnosis = await diagnose(t, [], { folder })
  assert.equal(diagnosis.code, 1)
  assert.equal(diagnosis.healthy, false)
  assert.equal(diagnosis.counts['problem'], 1)
  assert.match(textOf(diagnosis), /^problem: Nothing is set up: .* → Run "coatcheck keys init"/m)
  assert.deepEqual(readdirSync(folder), [])
})

function hashes(folder: string): readonly string[] {
  return readdirSync(folder)
    .toSorted()
    .map((file) => {
      const path = join(folder, file)
      const { mtimeMs } = statSync(path)
      return `${file} ${mtimeMs} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`
    })
}

test('a vault without a problem is healthy, exit code 0, and is left as it was', async (t) => {
  const vault = await makeVault(3)
  const before = hashes(vault.data)
  const diagnosis = await diagnose(t, argsOf(vault))
  assert.equal(diagnosis.code, 0, textOf(diagnosis))
  assert.equal(diagnosis.healthy, true)
  assert.match(textOf(diagnosis), /^ok: coatcheck\.db is kept with journal_mode=WAL, synch/m)
  assert.match(textOf(diagnosis), /^ok: The store has 1 merchant and 1 live credential\./m)
  assert.match(textOf(diagnosis), /^ok: The active signing key is k1, \d+ seconds? old\./m)
  assert.match(textOf(diagnosis), /^ok: The active sealing key is \w{4}, \d+ seconds? old\./m)
  assert.match(textOf(diagnosis), /^ok: The pools hold 3 of 512 one-time keys/m)
  assert.match(textOf(diagnosis), /^warning: The root key file .* is in the data folder/m)
  assert.doesNotMatch(textOf(diagnosis), new RegExp(vault.secret.replaceAll(/[+/]/g, '.')))
  assert.deepEqual(hashes(vault.data), before)
})

test('doctor tells of a pool that came with the passing file of another store', async (t) => {
  const vault = await makeVault(2)
  const other = await makeVault(3)
  copyFileSync(join(other.data, 'vault.db'), join(vault.data, 'vault.db'))
  assert.match(
    textOf(await diagnose(t, argsOf(vault))),
    /^warning: 3 pooled keys do not open: this store has not the sealing key\./m,
  )
})

test('doctor tells of a key that is staged, and of what takes its place', async (t) => {
  const vault = await makeVault(0)
  const { data, rootKeyFile } = vault
  await run(t, ['keys', 'rotate', 'signing', '--data', data, '--root-key-file', rootKeyFile])
  const diagnosis = await diagnose(t, argsOf(vault))
  assert.match(
    textOf(diagnosis),
    /^ok: The active signing key is k1; [0-9a-z]{2} takes over on \d{4}-/m,
  )
})

test('doctor judges the TLS certificate that serve would use', async (t) => {
  const vault = await makeVault(0)
  const authority = await createConstrainedAuthority({ now: systemClock, random: systemRandom })
  const { certificatePem, keyPem } = await authority.certify(['127.0.0.1'])
  const [certFile, keyFile] = [join(vault.data, 'cert.pem'), join(vault.data, 'key.pem')]
  writeFileSync(certFile, certificatePem)
  writeFileSync(keyFile, keyPem, { mode: 0o600 })
  const cert = ['--tls-cert-file', certFile]
  const both = [...argsOf(vault), '--host', '0.0.0.0', ...cert, '--tls-key-file', keyFile]
  const good = await diagnose(t, both)
  assert.equal(good.code, 0, textOf(good))
  assert.match(textOf(good), /^ok: The TLS certificate is good until \d{4}-/m)
  assert.match(textOf(good), /^warning: The TLS certificate is not for the host of the public/m)
  const half = await diagnose(t, [...argsOf(vault), ...cert])
  assert.match(textOf(half), /^problem: Of the certificate and its key only one is named\./m)
  chmodSync(keyFile, 0o644)
  const open = await diagnose(t, both)
  assert.match(textOf(open), /^problem: The key file .* can be read by others\. → Run: chmod 600/m)
})

test('doctor looks beside a service that runs, and sees it', async (t) => {
  const vault = await makeVault(40)
  const serving = await serve(t, vault)
  const { port } = new URL(serving.ready.operatorUrl)
  const diagnosis = await diagnose(t, [...argsOf(vault), '--operator-port', port])
  assert.equal(diagnosis.code, 0, textOf(diagnosis))
  assert.match(textOf(diagnosis), /^ok: A service runs on this machine and is ready\./m)
  assert.match(textOf(diagnosis), /^ok: vault\.db is kept with journal_mode=WAL/m)
  await serving.flow.redeem(await serving.flow.openSession())
})

test('what is wrong with a configuration is found, not thrown', async (t) => {
  const environment = { COATCHECK_PAGE_ORIGNS: 'https://shop.example.com' }
  const diagnosis = await diagnose(t, ['--port', 'abc'], { environment })
  assert.equal(diagnosis.code, 1)
  assert.match(
    textOf(diagnosis),
    /unknown variable COATCHECK_PAGE_ORIGNS.* → Did you mean COATCHECK_PAGE_ORIGINS\?/,
  )
  assert.match(textOf(diagnosis), /The setting port .* → Correct --port\./)
  const page = await diagnose(t, ['--page-origins', 'https://shop.example.com/'])
  assert.match(textOf(page), /^problem: The setting pageOrigins .* → Correct --page-origins\./m)
})

test('a store of dev mode, a readable root key and a wrong one are problems', async (t) => {
  const vault = await makeVault(0)
  const other = await makeVault(0)
  chmodSync(other.rootKeyFile, 0o640)
  const readable = await diagnose(t, argsOf({ ...vault, rootKeyFile: other.rootKeyFile }))
  assert.equal(readable.code, 1)
  assert.match(textOf(readable), /^problem: Others can read the root key file .* → Run: chmod 600/m)
  chmodSync(other.rootKeyFile, 0o600)
  const wrong = await diagnose(t, argsOf({ ...vault, rootKeyFile: other.rootKeyFile }))
  assert.match(textOf(wrong), /^problem: The root key does not open this store\./m)
  writeFileSync(join(other.data, 'coatcheck.db'), 'no database')
  const damaged = await diagnose(t, argsOf(other))
  assert.match(textOf(damaged), /^problem: .*coatcheck\.db is damaged or not a database\./m)
})

test('for people each finding is a line, what to do stands below it, and the speed is measured', async (t) => {
  const vault = await makeVault(0)
  const { code, stdout, stderr } = await run(t, ['doctor', ...argsOf(vault)])
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^store\n {2}✓ coatcheck\.db is whole: schema \d+, \d+ kB\.$/m)
  assert.match(stdout, /^ {2}· one-time: about \d+ sessions a second, .*\n {4}For more: /m)
  assert.match(stdout, /^ {2}· rotated: about \d+ sessions a second /m)
  assert.match(stdout, /\n0 problems, \d warnings?, \d notes?; \d+ ok\.\n$/)
})
