import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import type { Report } from '../../src/inspect/report.ts'
import { readVector } from '../vector.ts'
import { makeFolder } from './run.ts'

const CONTEXT = readVector('cc-api-0.1.0-guide-sn.txt')

test('a token is explained from an argument, a file, or a pipe, all alike', async (t) => {
  const { coatcheck, write } = makeFolder(t)
  write('context.jwt', `${CONTEXT}\n`)
  const runs = await Promise.all([
    coatcheck(['inspect', CONTEXT]),
    coatcheck(['inspect', '@context.jwt']),
    coatcheck(['inspect', '--file', 'context.jwt']),
    coatcheck(['inspect', '-'], `${CONTEXT}\n`),
    coatcheck(['inspect'], CONTEXT),
  ])
  for (const { status, stdout, stderr } of runs) {
    assert.equal(status, 0, stderr)
    assert.equal(stdout, runs[0]?.stdout)
  }
  const [first] = runs
  assert.match(first?.stdout ?? '', /^Capture context, api-0\.1\.0\nNothing is verified here/)
  assert.match(
    first?.stdout ?? '',
    /^ {2}kid {2}sn {5}signing key: GET \/flex\/v2\/public-keys\/sn$/m,
  )
  assert.match(first?.stdout ?? '', /^⚠ exp has passed: it expired \d+ years ago\.$/m)
  assert.doesNotMatch(first?.stdout ?? '', /(?!\n)\p{Cc}/u)
})

test('--json prints one object that says that nothing was verified', async (t) => {
  const { status, stdout } = await makeFolder(t).coatcheck(['inspect', '--json'], CONTEXT)
  assert.equal(status, 0)
  assert.equal(stdout.split('\n').length, 1)
  const report = JSON.parse(stdout) as Report & { readonly verified: boolean }
  assert.equal(report.kind, 'capture-context')
  assert.equal(report.verified, false)
  assert.match(report.problems[0] ?? '', /^exp has passed/)
  assert.deepEqual(report.parts[0]?.rows[0], {
    name: 'kid',
    value: 'sn',
    meaning: 'signing key: GET /flex/v2/public-keys/sn',
  })
})

test('what cannot be explained is refused with a reason, and an exit code that tells a mistake in usage', async (t) => {
  const { coatcheck, write } = makeFolder(t)
  write('context.jwt', CONTEXT)
  const refused = [
    { args: ['inspect', 'hello'], problem: /no token or key .* 1 parts between dots/ },
    { args: ['inspect', '-'], problem: /Standard input is empty/ },
    { args: ['inspect', '@missing.jwt'], problem: /cannot be read \(ENOENT\)/ },
    {
      args: ['inspect', 'context.jwt'],
      code: 2,
      problem: /is the name of a file\.\n {2}Write @ before it/,
    },
    {
      args: ['inspect', 'x', '--file', 'context.jwt'],
      code: 2,
      problem: /Both a token and --file/,
    },
  ]
  await Promise.all(
    refused.map(async ({ args, code = 1, problem }) => {
      const { status, stdout, stderr } = await coatcheck(args)
      assert.equal(status, code)
      assert.equal(stdout, '')
      assert.match(stderr, problem)
      assert.doesNotMatch(stderr, /^\s+at /m)
    }),
  )
})

test('errors are JSON on standard error with --json', async (t) => {
  const { status, stdout, stderr } = await makeFolder(t).coatcheck(['inspect', 'hello', '--json'])
  assert.equal(status, 1)
  assert.equal(stdout, '')
  const { error } = JSON.parse(stderr) as { readonly error: { readonly problem: string } }
  assert.match(error.problem, /no token or key/)
})

test('an unknown option is a mistake of usage, exit code 2, and help has examples', async (t) => {
  const { coatcheck } = makeFolder(t)
  assert.equal((await coatcheck(['inspect', '--colour'])).status, 2)
  for (const command of ['session', 'token', 'verify', 'inspect']) {
    const { status, stdout } = await coatcheck([command, '--help'])
    assert.equal(status, 0)
    assert.match(stdout, /\nExamples:\n {2}coatcheck /)
  }
})
