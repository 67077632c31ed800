import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseShare } from '../../src/keys/root-key-share.ts'
import { requirePeer } from '../peers.ts'
import { launchProgram, makeFolder, PROJECT, run, waitForOutput } from '../process.ts'
import { makeVault, ORIGIN } from '../vault.ts'
import {
  assertHidden,
  IN_SHARES,
  makeSplitVault,
  refuse,
  rewrapToShares,
  secretsOf,
  succeed,
  withShares,
} from './split-vault.ts'

test('keys init prints the shares of a root key that is written nowhere', async (t) => {
  const folder = makeFolder()
  const init = ['keys', 'init', '--shares', '3', '--threshold', '2']
  const { code, stdout: made, stderr } = await run(t, init, { folder })
  assert.equal(code, 0, stderr)
  assert.match(stderr, /^Signing key \w\w and a sealing key are in coatcheck-data, .*\nNext, /)
  assert.match(made, /^The root key [0-9a-f]{8} is split: any 2 of its 3 shares are needed\./)
  const shares = made.match(/^coatcheck-share-[1-3]of3-needs2-.*$/gm) ?? []
  assert.deepEqual(
    shares.map((share) => parseShare(share).number),
    [1, 2, 3],
  )
  assert.deepEqual(readdirSync(folder), ['coatcheck-data'])
  const list = ['keys', 'list', ...IN_SHARES]
  for (const chosen of [shares.slice(0, 2), shares.slice(1), [shares[2], shares[0]], shares]) {
    const listed = await succeed(run(t, list, { folder, input: chosen.join('\n') }))
    assert.match(listed, /^sealing key .* active/m)
  }
  const one = await refuse(run(t, list, { folder, input: `${shares[0]}\n` }))
  assert.match(
    one,
    /^coatcheck: The root key is split, and 1 more share is needed\.\n {2}Give 2 of/,
  )
  const none = await refuse(run(t, list, { folder, input: '' }))
  assert.match(none, /^coatcheck: The root key is split, and 2 more shares are needed\.\n/)
  const unsaid = await refuse(run(t, ['keys', 'list'], { folder, input: shares.join('\n') }))
  assert.match(
    unsaid,
    /^coatcheck: The root key of this store is split in shares\.\n {2}Say so with --root-key-in shares/,
  )
})

interface Wrong {
  readonly title: string
  readonly args: readonly string[]
  readonly code?: number
  readonly environment?: Readonly<Record<string, string>>
  readonly says: RegExp
}

const SPLIT = ['--shares', '3', '--threshold', '2'] as const

const WRONG: readonly Wrong[] = [
  {
    title: 'a root key in the environment',
    args: SPLIT,
    environment: { COATCHECK_ROOT_KEY: randomBytes(32).toString('base64') },
    says: /^coatcheck: The root key is to be split, and there is one in the environment\.\n {2}Unset/,
  },
  {
    title: 'an HSM',
    args: [...SPLIT, '--root-key-in', 'hsm'],
    says: /and rootKeyIn says hsm, which no key leaves\.\n {2}Set --root-key-in to shares/,
  },
  {
    title: 'a root key file',
    args: [...SPLIT, '--root-key-file', 'named.key'],
    says: /and a file for it is named\.\n {2}Set --root-key-in to shares/,
  },
  {
    title: 'no number of shares',
    args: ['--root-key-in', 'shares'],
    code: 2,
    says: /nothing says into how many shares\.\n {2}Add .* --shares 3 --threshold 2\.\n/,
  },
  {
    title: 'no threshold',
    args: ['--shares', '3'],
    code: 2,
    says: /^coatcheck: Of --shares and --threshold only one is given\.\n/,
  },
  {
    title: 'a threshold above the number of shares',
    args: ['--shares', '2', '--threshold', '3'],
    code: 2,
    says: /^coatcheck: More shares are needed than there are\.\n/,
  },
  {
    title: 'a threshold of one',
    args: ['--shares', '2', '--threshold', '1'],
    code: 2,
    says: /'--threshold <count>'.*It must be a whole number from 2 to 255\.\n/,
  },
  {
    title: 'more shares than can be',
    args: ['--shares', '256', '--threshold', '2'],
    code: 2,
    says: /'--shares <count>'.*It must be a whole number from 2 to 255\.\n/,
  },
]

for (const { title, args, code = 1, environment = {}, says } of WRONG) {
  test(`keys init refuses shares with ${title}, and makes nothing`, async (t) => {
    const folder = makeFolder()
    const ended = await run(t, ['keys', 'init', ...args], { folder, environment })
    assert.match(ended.stderr, says)
    assert.deepEqual([ended.code, ended.stdout, readdirSync(folder)], [code, '', []])
  })
}

test('commands read the shares from standard input, whatever is wrong with some of them', async (t) => {
  const vault = await makeSplitVault(t, 0)
  const [first, second, third] = vault.shares
  const enough = { ...vault, shares: [first, third] }
  const { code, stderr } = await withShares(
    t,
    { ...vault, shares: ['hello', second, second, '', first] },
    'keys',
    'list',
  )
  assert.equal(code, 0)
  assert.match(
    stderr,
    /^That is no share of a root key\. .*\nShare 2 of 3 was given already\. .*\n$/,
  )
  const refused = { ...vault, shares: ['hello', second] }
  const toPrograms = await withShares(t, refused, 'keys', 'list', '--json')
  const { error } = JSON.parse(toPrograms.stderr) as { readonly error: { problem: string } }
  assert.match(
    error.problem,
    /^That is no share of a root key\. .* The root key is split, and 1 more share is needed\.$/,
  )
  await succeed(withShares(t, enough, 'keys', 'rotate', 'signing'))
  await succeed(withShares(t, enough, 'merchants', 'add', 'shop-2', '--json'))
  assert.match(await succeed(withShares(t, enough, 'merchants', 'list')), /^shop-2 /m)
  const doctor = ['doctor', '--no-measure', '--origin', ORIGIN]
  const healthy = await withShares(t, enough, ...doctor)
  assert.match(healthy.stdout, /The root key is split: no file holds it/)
  assert.match(healthy.stdout, /The active sealing key is /)
  const locked = await withShares(t, { ...vault, shares: [] }, ...doctor)
  assert.match(locked.stdout, /The root key is split, and 2 more shares are needed\./)
  assert.equal(locked.code, 1)
})

test('keys rewrap goes from a file to shares, to other shares, and back into a file', async (t) => {
  const vault = await makeSplitVault(t, 0)
  const shares = await rewrapToShares(t, vault, { args: IN_SHARES, shares: vault.shares })
  const renewed = { ...vault, shares }
  const foreign = await refuse(withShares(t, vault, 'keys', 'list'))
  assert.match(foreign, /^That share is of another root key than that of this store\. /)
  assert.match(foreign, /^coatcheck: The root key is split, and 2 more shares are needed\.$/m)
  await succeed(withShares(t, renewed, 'keys', 'list'))
  const replaced = await withShares(t, renewed, 'keys', 'rewrap', '--compromised', '--json')
  assert.equal(replaced.code, 0, replaced.stderr)
  const file = join(makeFolder(), 'back.key')
  const toFile = ['keys', 'rewrap', '--to', 'file', '--new-root-key-file', file]
  const moved = await succeed(withShares(t, renewed, ...toFile))
  assert.match(moved, /^\d sealing keys? (?:is|are) wrapped by the root key of .*back\.key\.\n/)
  assert.match(await refuse(withShares(t, renewed, 'keys', 'list')), /is not split in shares/)
  const whole = ['--data', vault.data, '--root-key-file', file]
  assert.match(await succeed(run(t, ['keys', 'list', ...whole])), /^sealing key .* active/m)
})

const UNCLEAR: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['no number of shares', ['--to', 'shares'], /nothing says into how many shares\.\n/],
  ['shares and a file', [...SPLIT, '--new-root-key-file', 'x'], /and a place for it is named\.\n/],
  ['shares that go to a file', [...SPLIT, '--to', 'file'], /is not to be split\.\n {2}Set --to to/],
]

for (const [title, args, says] of UNCLEAR) {
  test(`keys rewrap refuses ${title}`, async (t) => {
    const vault = await makeVault(0)
    const where = ['--data', vault.data, '--root-key-file', vault.rootKeyFile]
    const { code, stdout, stderr } = await run(t, ['keys', 'rewrap', ...args, ...where])
    assert.deepEqual([code, stdout], [2, ''])
    assert.match(stderr, says)
    await succeed(run(t, ['keys', 'list', ...where]))
  })
}

test('a share that is typed on a terminal is not shown', async (t) => {
  const found = existsSync('/usr/bin/script')
  if (!requirePeer(t, 'script', { found, howToInstall: 'apt-get install bsdutils' })) return
  const vault = await makeSplitVault(t, 0)
  const command = `node ${join(PROJECT, 'bin/coatcheck.js')} keys list --root-key-in shares --data ${vault.data}`
  const program = ['script', '--quiet', '--return', '--command', command, '/dev/null']
  const running = launchProgram(t, program, { environment: { TERM: 'xterm' } })
  await waitForOutput(running, /paste 2 of its 3 shares, each with Enter/)
  running.write(`${vault.shares[0]}\r`)
  await waitForOutput(running, /Share 1 of 3 is taken; 1 more share is needed\./)
  running.write(`${vault.shares[1]}\r`)
  const { code, stdout } = await running.ended
  assert.equal(code, 0)
  assert.match(stdout, /^sealing key .* active/m)
  assertHidden('the terminal', stdout, await secretsOf(vault))
})
