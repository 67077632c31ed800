import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { epochSeconds, systemClock } from '../../src/clock-and-random.ts'
import { makeFolder, run, type Ended } from '../process.ts'
import { makeVault, type MadeVault } from '../vault.ts'

interface ShownKey {
  readonly kind: string
  readonly id: string
  readonly state: string
  readonly createdAt: number
  readonly activeFrom: number
  readonly retiredAt?: number
  readonly goneAt?: number
  readonly revokedAt?: number
}

async function keys(
  t: TestContext,
  { data, rootKeyFile }: MadeVault,
  ...args: readonly string[]
): Promise<Ended> {
  return run(t, ['keys', ...args, '--data', data, '--root-key-file', rootKeyFile])
}

async function listed(t: TestContext, vault: MadeVault): Promise<readonly ShownKey[]> {
  const { stdout, stderr } = await keys(t, vault, 'list', '--json')
  assert.equal(stderr, '')
  return (JSON.parse(stdout) as { readonly keys: readonly ShownKey[] }).keys
}

async function refusal(
  t: TestContext,
  vault: MadeVault,
  ...args: readonly string[]
): Promise<string> {
  const { code, stdout, stderr } = await keys(t, vault, ...args)
  assert.deepEqual([code, stdout], [1, ''])
  return stderr
}

const DATE = '[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} UTC'

test('keys rotate signing publishes the next key and says when each does what', async (t) => {
  const vault = await makeVault(0)
  const { code, stdout } = await keys(t, vault, 'rotate', 'signing')
  assert.equal(code, 0)
  const pattern = `^Signing key k1 signs until ${DATE}, and is published until ${DATE}\\.\nSigning key ([0-9a-z]{2}) is published from now on, and signs from ${DATE}\\.\n$`
  const [, kid] = new RegExp(pattern).exec(stdout) ?? []
  assert.ok(kid, stdout)
  const [old, next] = await listed(t, vault)
  assert.deepEqual([old?.state, next?.state, next?.id], ['active', 'staged', kid])
  assert.equal(next?.activeFrom, old?.retiredAt)
  assert.equal((next?.activeFrom ?? 0) - (next?.createdAt ?? 0), 3900)
  assert.equal((old?.goneAt ?? 0) - (old?.retiredAt ?? 0), 900 + 300)
  const again = await refusal(t, vault, 'rotate', 'signing')
  assert.match(again, new RegExp(`^coatcheck: The signing key ${kid} is staged already\\.\n`))
})

test('keys rotate sealing stages for as long as it is told', async (t) => {
  const vault = await makeVault(0)
  const { stdout } = await keys(t, vault, 'rotate', 'sealing', '--key-stage-seconds', '5', '--json')
  const { keys: changed } = JSON.parse(stdout) as { readonly keys: readonly ShownKey[] }
  assert.deepEqual(
    changed.map(({ kind }) => kind),
    ['sealing key', 'sealing key'],
  )
  const [old, next] = changed
  assert.equal((next?.activeFrom ?? 0) - (next?.createdAt ?? 0), 5)
  assert.equal(old?.retiredAt, next?.activeFrom)
  assert.equal((old?.goneAt ?? 0) - (old?.retiredAt ?? 0), 25 * 3600 + 900 + 300)
})

test('keys revoke ends a staged key at once and the active one after another took over', async (t) => {
  const vault = await makeVault(0)
  await keys(t, vault, 'rotate', 'signing')
  const staged = (await listed(t, vault)).find(({ state }) => state === 'staged')?.id ?? ''
  const first = await keys(t, vault, 'revoke', staged)
  const [says] = first.stdout.split('\n')
  assert.equal(says, `${staged} is revoked: every process refuses it within 10 seconds.`)
  assert.match(first.stdout, /^Signing key k1 stays active\.$/m)
  const second = await keys(t, vault, 'revoke', 'k1')
  assert.match(second.stdout, /^Signing key \w{2} is published from now on, and signs from /m)
  assert.match(
    await refusal(t, vault, 'revoke', 'k1'),
    /^coatcheck: The signing key k1 is revoked already\./,
  )
  assert.match(
    await refusal(t, vault, 'revoke', staged),
    new RegExp(`^coatcheck: The signing key ${staged} is gone already\\.`),
  )
  const [ended, , successor] = await listed(t, vault)
  assert.equal((ended?.goneAt ?? 0) - (ended?.revokedAt ?? 0), 4)
  assert.equal(ended?.retiredAt, successor?.activeFrom)
  const forPeople = await keys(t, vault, 'list')
  assert.match(
    forPeople.stdout,
    new RegExp(`^signing key +${staged} +gone +${DATE} +${DATE} +${DATE} \\(revoked\\)$`, 'm'),
  )
})

test('keys rewrap puts a new root key in the place of the old, which opens nothing any more', async (t) => {
  const vault = await makeVault(0)
  const old = readFileSync(vault.rootKeyFile, 'utf8')
  const { code, stdout } = await keys(t, vault, 'rewrap')
  assert.equal(code, 0)
  assert.match(stdout, /^1 sealing key is wrapped by a new root key\.\nIt is in place in /)
  const renewed = readFileSync(vault.rootKeyFile, 'utf8')
  assert.notEqual(renewed, old)
  assert.equal(readFileSync(`${vault.rootKeyFile}.old`, 'utf8'), old)
  assert.equal(existsSync(`${vault.rootKeyFile}.new`), false)
  assert.equal(statSync(vault.rootKeyFile).mode & 0o777, 0o600)
  assert.equal((stdout + renewed).includes(old.trim()), false)
  assert.equal((await listed(t, vault)).length, 2)
  const withOld = { ...vault, rootKeyFile: `${vault.rootKeyFile}.old` }
  assert.match(await refusal(t, withOld, 'list'), /The root key does not open this store\./)

  const named = join(makeFolder(), 'named.key')
  const second = await keys(t, vault, 'rewrap', '--new-root-key-file', named)
  assert.equal(second.code, 0, second.stderr)
  assert.equal(readFileSync(named, 'utf8'), readFileSync(vault.rootKeyFile, 'utf8'))
  const used = await refusal(t, vault, 'rewrap', '--new-root-key-file', named)
  assert.match(used, /holds the root key that is used already\.\n {2}Name a file that is not there/)
})

test('keys rewrap takes no name that is taken for the old root key', async (t) => {
  const vault = await makeVault(0)
  const old = readFileSync(vault.rootKeyFile, 'utf8')
  const now = epochSeconds(systemClock)
  const taken = ['', '-2', ...Array.from({ length: 30 }, (_each, after) => `-${now + after}`)]
  for (const end of taken) writeFileSync(`${vault.rootKeyFile}.old${end}`, end)
  const { stdout, stderr } = await keys(t, vault, 'rewrap', '--json')
  assert.deepEqual(JSON.parse(stdout), {
    rewrapped: 1,
    newRootKeyFile: vault.rootKeyFile,
    oldRootKeyFile: `${vault.rootKeyFile}.old-3`,
    inPlace: true,
    deleted: [],
  })
  assert.equal(stderr, '')
  assert.equal(readFileSync(`${vault.rootKeyFile}.old-3`, 'utf8'), old)
  for (const end of taken) assert.equal(readFileSync(`${vault.rootKeyFile}.old${end}`, 'utf8'), end)
  assert.equal((await listed(t, vault)).length, 2)
})

test('keys rewrap says when the new root key is not in place, and what to do next', async (t) => {
  const vault = await makeVault(0)
  const first = readFileSync(vault.rootKeyFile, 'utf8')
  // Also root cannot write a file where a folder is.
  mkdirSync(`${vault.rootKeyFile}.tmp`)
  const named = join(makeFolder(), 'named.key')
  const asked = ['rewrap', '--new-root-key-file', named]
  const { code, stdout } = await keys(t, vault, ...asked, '--json')
  const next = `It could not be put in place: keep the old one apart as long as backups need it, and copy ${named} to ${vault.rootKeyFile}; until then nothing that starts opens the store.`
  const expected = { rewrapped: 1, newRootKeyFile: named, inPlace: false, next, deleted: [] }
  assert.deepEqual([code, JSON.parse(stdout)], [0, expected])
  assert.equal(readFileSync(vault.rootKeyFile, 'utf8'), first)
  assert.equal(existsSync(`${vault.rootKeyFile}.old`), false)
  assert.match(await refusal(t, vault, 'list'), /The root key does not open this store\./)
  copyFileSync(named, vault.rootKeyFile)
  assert.equal((await listed(t, vault)).length, 2)

  const forPeople = await keys(t, vault, 'rewrap')
  const unnamed = next.replace(named, `${vault.rootKeyFile}.new`)
  assert.equal(forPeople.stdout, `1 sealing key is wrapped by a new root key.\n${unnamed}\n`)
  assert.equal(existsSync(`${vault.rootKeyFile}.new`), true)
})

test('keys rewrap --compromised leaves one new sealing key, and merchants as they were', async (t) => {
  const vault = await makeVault(16)
  const [, old] = await listed(t, vault)
  const { code, stdout, stderr } = await keys(t, vault, 'rewrap', '--compromised', '--json')
  assert.equal(code, 0, stderr)
  const { deleted, rewrapped } = JSON.parse(stdout) as Record<string, unknown>
  assert.deepEqual([deleted, rewrapped], [[old?.id], 1])
  const { stdout: list } = await keys(t, vault, 'list', '--json')
  const after = JSON.parse(list) as { keys: readonly ShownKey[]; pooledSessionKeys: number }
  assert.equal(after.pooledSessionKeys, 0)
  assert.equal(after.keys.length, 2)
  assert.notEqual(after.keys[1]?.id, old?.id)
  const { data, rootKeyFile } = vault
  const where = ['--data', data, '--root-key-file', rootKeyFile]
  const merchants = await run(t, ['merchants', 'list', ...where])
  assert.match(merchants.stdout, /^shop-1 /)
})

test('a root key in the environment needs a place for the new one, and a stop to replace sealing keys', async (t) => {
  const vault = await makeVault(0)
  const COATCHECK_ROOT_KEY = readFileSync(vault.rootKeyFile, 'utf8').trim()
  const start = { environment: { COATCHECK_ROOT_KEY } }
  const at = ['--data', vault.data]
  const nowhere = await run(t, ['keys', 'rewrap', ...at], start)
  assert.match(nowhere.stderr, /^coatcheck: There is no place for the new root key\.\n/)
  const compromised = await run(t, ['keys', 'rewrap', '--compromised', ...at], start)
  assert.match(
    compromised.stderr,
    /^coatcheck: The root key comes from the environment.*\n {2}Stop serve/,
  )
  const file = join(makeFolder(), 'new.key')
  const done = await run(t, ['keys', 'rewrap', '--new-root-key-file', file, ...at], start)
  assert.match(done.stdout, /Start serve anew with its text as COATCHECK_ROOT_KEY/)
  const fileOnly = { ...vault, rootKeyFile: file }
  assert.equal((await listed(t, fileOnly)).length, 2)
})

interface Wrong {
  readonly title: string
  readonly args: readonly string[]
  readonly code: 1 | 2
  readonly says: RegExp
}

const WRONG: readonly Wrong[] = [
  {
    title: 'keys rotate of nothing',
    args: ['rotate'],
    code: 2,
    says: /missing required argument 'kind'/,
  },
  {
    title: 'keys rotate of what there is not',
    args: ['rotate', 'session'],
    code: 2,
    says: /Allowed choices are signing, sealing, audit\./,
  },
  {
    title: 'keys rotate with a stage that is too short to be seen',
    args: ['rotate', 'signing', '--key-stage-seconds', '2'],
    code: 2,
    says: /^coatcheck: The setting keyStageSeconds \(.*\) is not a whole number from 5 to 86400\.\n/,
  },
  {
    title: 'keys revoke of what there is not',
    args: ['revoke', 'zz9'],
    code: 1,
    says: /^coatcheck: There is no signing key zz9\.\n {2}See "coatcheck keys list"\.\n$/,
  },
  {
    title: 'keys rewrap to a file that holds no key',
    args: ['rewrap', '--new-root-key-file', 'junk.key'],
    code: 1,
    says: /^coatcheck: junk\.key does not hold a root key\.\n/,
  },
]

for (const { title, args, code, says } of WRONG) {
  test(`${title} is refused and changes nothing`, async (t) => {
    const vault = await makeVault(0)
    const before = await listed(t, vault)
    const folder = makeFolder()
    writeFileSync(join(folder, 'junk.key'), 'junk', { mode: 0o600 })
    const where = ['--data', vault.data, '--root-key-file', vault.rootKeyFile]
    const ended = await run(t, ['keys', ...args, ...where], { folder })
    assert.match(ended.stderr, says)
    assert.deepEqual([ended.code, ended.stdout], [code, ''])
    assert.deepEqual(await listed(t, vault), before)
  })
}
