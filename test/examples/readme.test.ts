import { strict as assert } from 'node:assert'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { watchLoadedFiles } from '../loaded-files.ts'
import { launchProgram, PROJECT } from '../process.ts'

const FILE = 'examples/readme.test.ts'
const EXAMPLE = readFileSync(join(PROJECT, FILE), 'utf8')

test('the README shows the example of ten lines as it is run', () => {
  assert.equal(EXAMPLE.trimEnd().split('\n').length, 10)
  assert.ok(readFileSync(join(PROJECT, 'README.md'), 'utf8').includes(`\`\`\`ts\n${EXAMPLE}\`\`\``))
})

test('the example of ten lines gets a token and an expired one in under a second', (t) => {
  const run = (): number => {
    const begin = performance.now()
    const args = ['--test-reporter=tap', FILE]
    // As from a shell: by the one variable it would report to the runner of this very test, by the other start half compiled.
    const { NODE_TEST_CONTEXT: _context, NODE_COMPILE_CACHE: _cache, ...env } = process.env
    const options = { cwd: PROJECT, env, encoding: 'utf8' } as const
    const { status, stdout } = spawnSync(process.execPath, args, options)
    assert.equal(status, 0, stdout)
    const [, duration] = /^  duration_ms: ([0-9.]+)$/m.exec(stdout) ?? []
    const whole = Math.round(performance.now() - begin)
    t.diagnostic(`the test took ${duration} ms, with its process ${whole} ms`)
    return Number(duration)
  }
  // Others may have the machine at the moment: the quickest of some runs is what it takes.
  assert.ok(Math.min(run(), run(), run()) < 1000)
})

// What a test seldom asks for, and what nothing of a test needs: each costs every test file its loading.
const UNNEEDED = [
  '@fastify/swagger',
  '@opentelemetry/api',
  'ajv',
  'esbuild',
  'node-forge',
  'preact',
  'prom-client',
]

test('the example loads nothing that it does not use', async (t) => {
  const { environment, list } = watchLoadedFiles()
  const start = { folder: PROJECT, environment: { HOME: PROJECT, ...environment } }
  const { code, stdout } = await launchProgram(t, ['node', FILE], start).ended
  assert.equal(code, 0, stdout)
  const files = list()
  assert.ok(files.includes('src/dev/emulator.ts'))
  assert.ok(files.some((file) => file.startsWith('node_modules/fastify/')))
  assert.deepEqual(
    UNNEEDED.filter((name) => files.some((file) => file.startsWith(`node_modules/${name}/`))),
    [],
  )
  assert.ok(!files.some((file) => file.startsWith('src/inspect/')))
})
