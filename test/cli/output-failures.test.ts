import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { launchProgram, makeFolder, PROJECT, run, type Ended } from '../process.ts'
import { makeVault, serveArgs } from '../vault.ts'
import { IN_SHARES, makeSplitVault, withShares } from './split-vault.ts'

const COATCHECK = ['node', join(PROJECT, 'bin/coatcheck.js')] as const
const SPLIT = ['keys', 'init', '--shares', '3', '--threshold', '2'] as const

/** Ways to run what follows with a standard output that takes nothing, by what the operating system says of it. */
const FAILING = {
  'no space left on device': 'exec "$@" > /dev/full',
  'broken pipe': 'mkfifo pipe && exec 3<>pipe 4>pipe 3<&- && exec "$@" >&4 4>&-',
} as const

type Failure = keyof typeof FAILING

const FAILURES = Object.keys(FAILING) as readonly Failure[]

/** Runs `coatcheck` with a standard output that fails. */
function runInVain(
  t: TestContext,
  failure: Failure,
  { args, ...start }: { args: readonly string[]; folder?: string; input?: string },
): Promise<Ended> {
  const program = ['sh', '-c', FAILING[failure], 'sh', ...COATCHECK, ...args]
  return launchProgram(t, program, { input: '', ...start }).ended
}

for (const failure of FAILURES) {
  test(`keys init makes no keys under shares that nobody got: ${failure}`, async (t) => {
    const folder = makeFolder()
    const { code, stderr } = await runInVain(t, failure, { args: SPLIT, folder })
    assert.equal(code, 1)
    assert.equal(
      stderr,
      `coatcheck: The shares cannot be written to standard output: ${failure}.\n  Nothing is wrapped by their root key: try again with an output that takes them.\n`,
    )
    const again = await run(t, [...SPLIT, '--json'], { folder })
    assert.deepEqual([again.code, again.stderr], [0, ''])
    const { shares } = JSON.parse(again.stdout) as { readonly shares: readonly string[] }
    const list = ['keys', 'list', ...IN_SHARES]
    const listed = await run(t, list, { folder, input: shares.join('\n') })
    assert.match(listed.stdout, /^sealing key .* active/m)
  })

  test(`a secret that nobody got is told, with what gives another: ${failure}`, async (t) => {
    const { data, rootKeyFile } = await makeVault(0)
    const where = ['--data', data, '--root-key-file', rootKeyFile]
    for (const command of [
      ['merchants', 'add', 'shop-2'],
      ['credentials', 'add', 'shop-2'],
      ['credentials', 'add', 'shop-2', '--json'],
    ]) {
      const lost = await runInVain(t, failure, { args: [...command, ...where] })
      assert.equal(lost.code, 1)
      const text = lost.stderr.replaceAll(/\\(?=")/g, '')
      const told =
        /The credential (\S+) of shop-2 is stored, and its secret could not be written to standard output: ([a-z ]+)\./.exec(
          text,
        )
      assert.equal(told?.[2], failure, text)
      assert.ok(!/^ +at /m.test(text), text)
      const keyId = told?.[1] ?? ''
      const fix =
        /Run "coatcheck (credentials rotate shop-2 --replace \S+)" .*"coatcheck (credentials revoke \S+)"\./.exec(
          text,
        )
      const rotated = await run(t, [...(fix?.[1] ?? '').split(' '), ...where, '--json'])
      const { secret, replaces } = JSON.parse(rotated.stdout) as Record<string, unknown>
      assert.match(String(secret), /^[A-Za-z0-9+/]{43}=$/)
      assert.deepEqual(replaces, [keyId])
      const revoked = await run(t, [...(fix?.[2] ?? '').split(' '), ...where])
      assert.equal(revoked.code, 0, revoked.stderr)
    }
  })
}

test('keys rewrap wraps nothing by shares that nobody got', async (t) => {
  const vault = await makeSplitVault(t, 0)
  const args = ['keys', 'rewrap', '--to', 'shares', '--shares', '2', '--threshold', '2']
  const { code, stderr } = await runInVain(t, 'no space left on device', {
    args: [...args, ...IN_SHARES, '--data', vault.data],
    input: vault.shares.join('\n'),
  })
  assert.equal(code, 1)
  assert.match(stderr, /^coatcheck: The shares cannot be written to standard output: no space/)
  const listed = await withShares(t, vault, 'keys', 'list')
  assert.equal(listed.code, 0, listed.stderr)
})

const COMMANDS: readonly (readonly string[])[] = [
  ['--help'],
  ['keys', 'init'],
  ['keys', 'init', '--json'],
  ['completion', 'bash'],
  ['doctor', '--no-measure'],
]

for (const args of COMMANDS) {
  test(`${args.join(' ')} whose output is not read ends without a word`, async (t) => {
    const { code, stderr } = await runInVain(t, 'broken pipe', { args })
    assert.deepEqual([code, stderr], [141, ''])
  })

  test(`${args.join(' ')} on a full disk says so`, async (t) => {
    const { code, stderr } = await runInVain(t, 'no space left on device', { args })
    assert.equal(code, 1)
    const problem = 'Standard output cannot be written: no space left on device.'
    const start = args.includes('--json')
      ? `{"error":{"problem":"${problem}"`
      : `coatcheck: ${problem}\n  `
    assert.ok(stderr.startsWith(start), stderr)
    assert.ok(!/^ +at /m.test(stderr), stderr)
  })
}

test('serve whose output fails says so once, whatever its workers find', async (t) => {
  const args = serveArgs(await makeVault(0))
  const { code, stderr } = await runInVain(t, 'no space left on device', { args })
  assert.equal(code, 1)
  assert.match(
    stderr,
    /^coatcheck: Standard output cannot be written: no space [^\n]*\n {2}[^\n]*\n$/,
  )
})

test('dev ends without a trace when its output fails', async (t) => {
  const args = ['dev', '--port', '0', '--ephemeral']
  const unread = await runInVain(t, 'broken pipe', { args })
  assert.deepEqual([unread.code, unread.stderr], [141, ''])
  const full = await runInVain(t, 'no space left on device', { args })
  assert.equal(full.code, 1)
  assert.match(full.stderr, /^coatcheck: Standard output cannot be written: no space/)
})
