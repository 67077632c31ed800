import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { requirePeer } from '../peers.ts'
import { launchProgram, makeFolder, PROJECT, run, type Ended, type Start } from '../process.ts'
import { readVector } from '../vector.ts'

const COLOUR = '\u001B['
const folder = makeFolder()
writeFileSync(join(folder, 'context.jwt'), readVector('cc-api-0.1.0-guide-sn.txt'))

function hasScript(t: TestContext): boolean {
  const found = spawnSync('script', ['--version']).status === 0
  return requirePeer(t, 'script', { found, howToInstall: 'apt-get install bsdutils' })
}

/** Runs `coatcheck` on a terminal of its own. */
function runOnTerminal(
  t: TestContext,
  args: string,
  environment: Start['environment'] = {},
): Promise<Ended> {
  const command = `node ${join(PROJECT, 'bin/coatcheck.js')} ${args}`
  const program = ['script', '--quiet', '--return', '--command', command, '/dev/null']
  return launchProgram(t, program, { folder, environment: { TERM: 'xterm', ...environment } }).ended
}

test('inspect without a token on a terminal says how to use it and does not wait', async (t) => {
  if (!hasScript(t)) return
  const { code, stdout } = await runOnTerminal(t, 'inspect')
  assert.equal(code, 2)
  assert.match(stdout, /There is nothing to explain: no token is given, and none is piped in\./)
  assert.match(stdout, /coatcheck inspect @file/)
})

test('inspect has colours on a terminal, unless NO_COLOR is set', async (t) => {
  if (!hasScript(t)) return
  const coloured = await runOnTerminal(t, 'inspect @context.jwt')
  assert.equal(coloured.code, 0, coloured.stdout)
  assert.ok(coloured.stdout.includes(COLOUR))
  const plain = await runOnTerminal(t, 'inspect @context.jwt', { NO_COLOR: '1' })
  assert.equal(plain.code, 0)
  assert.ok(!plain.stdout.includes(COLOUR))
})

test('inspect and doctor have no colours in a pipe, unless FORCE_COLOR is set', async (t) => {
  for (const args of [
    ['inspect', '@context.jwt'],
    ['doctor', '--no-measure'],
  ]) {
    const plain = await run(t, args, { folder })
    assert.ok(!plain.stdout.includes(COLOUR))
    const coloured = await run(t, args, { folder, environment: { FORCE_COLOR: '1' } })
    assert.ok(coloured.stdout.includes(COLOUR))
    const json = await run(t, [...args, '--json'], { folder, environment: { FORCE_COLOR: '1' } })
    assert.ok(!json.stdout.includes(COLOUR))
  }
})
