import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { launchProgram, PROJECT, run, WHOLE_FILE } from '../process.ts'
import { makeVault } from '../vault.ts'

const OF_VAULT = '--data . --root-key-file root.key'

interface Writing {
  /** The file is named behind it. */
  readonly command: string
  readonly what: string
  /** What is said when the file is there. Default is that it is used. */
  readonly ifThere?: string
}

const WRITING: readonly Writing[] = [
  { command: 'keys init --data empty --root-key-file', what: 'root key file' },
  { command: `keys rewrap ${OF_VAULT} --new-root-key-file`, what: 'root key file' },
  {
    command: `credentials add shop-1 ${OF_VAULT} --p12`,
    what: 'file',
    ifThere: 'A key file is never overwritten: name another.',
  },
  {
    command: `keys certificate ${OF_VAULT}`,
    what: 'file',
    ifThere: 'A file that is there is never overwritten: name another.',
  },
]

let folder: string
before(async () => {
  const { data } = await makeVault(0)
  folder = data
  writeFileSync(join(folder, 'taken'), 'precious')
  // The certificate of a store is made by the first command that needs it.
  const made = await run(WHOLE_FILE, `keys certificate ${OF_VAULT} first`.split(' '), { folder })
  assert.equal(made.code, 0, made.stderr)
})

const REASONS = [
  { file: 'missing/new', reason: 'no such file or directory' },
  { file: 'taken/new', reason: 'not a directory' },
] as const

for (const { command, what, ifThere } of WRITING) {
  for (const { file, reason } of REASONS) {
    test(`${command} ${file} says why it cannot be written, and leaves nothing: ${reason}`, async (t) => {
      const args = [...command.split(' '), file]
      const { code, stdout, stderr } = await run(t, args, { folder })
      assert.equal(
        stderr,
        `coatcheck: The ${what} ${file} cannot be written: ${reason}.\n  Name one in a folder that is there, that this user may write to and that has space.\n`,
      )
      assert.deepEqual([code, stdout, existsSync(join(folder, file))], [1, '', false])
    })
  }

  if (ifThere === undefined) continue
  test(`${command} taken says that it is there, and leaves it`, async (t) => {
    const { code, stderr } = await run(t, [...command.split(' '), 'taken'], { folder })
    assert.equal(code, 1)
    assert.equal(stderr, `coatcheck: The file taken is there already.\n  ${ifThere}\n`)
    assert.equal(readFileSync(join(folder, 'taken'), 'utf8'), 'precious')
  })
}

test('a file that cannot be written to its end is taken away again', async (t) => {
  // No store can be opened under such a limit, which is to files what a full disk is: so without one.
  const script = `
    import { createFile } from ${JSON.stringify(join(PROJECT, 'src/keys/create-file.ts'))}
    try {
      createFile('cut', 'content', { ifThere: '' })
    } catch ({ problem }) {
      console.log(problem)
    }`
  const node = ['node', '--input-type=module', '--eval', script]
  const program = ['sh', '-c', 'ulimit -f 0 && exec "$@"', 'sh', ...node]
  const { code, stdout, stderr } = await launchProgram(t, program, { folder }).ended
  assert.deepEqual([code, stderr], [0, ''])
  assert.equal(stdout, 'The file cut cannot be written: file too large.\n')
  assert.equal(existsSync(join(folder, 'cut')), false)
})
