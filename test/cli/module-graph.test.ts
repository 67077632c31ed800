import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { test } from 'node:test'
import { build, type Metafile } from 'esbuild'
import { watchLoadedFiles } from '../loaded-files.ts'
import { PROJECT, until } from '../process.ts'
import { makeVault } from '../vault.ts'
import { serve } from './serving.ts'

/** What serve begins with, and what the helper that it starts begins with. */
const ENTRIES = ['src/cli/serve.ts', 'src/keys/mint-session-keys.ts']
/** The files that start processes, which no bundler follows: workers begin with the first entry, helpers with the other. */
const STARTERS = ['src/cli/serve-primary.ts', 'src/cli/serve.ts', 'src/keys/minting.ts']
const PROCESS_MODULES = ['node:child_process', 'node:cluster', 'node:worker_threads']

/** Every file of the project that is reached from the entries by static and dynamic imports, and what it imports. */
async function graphOf(entryPoints: string[]): Promise<Metafile['inputs']> {
  const { metafile, warnings } = await build({
    absWorkingDir: PROJECT,
    entryPoints,
    bundle: true,
    outdir: 'nowhere',
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    packages: 'external',
  })
  assert.deepEqual(warnings, [])
  return metafile.inputs
}

const EMULATOR_COMMAND = [
  'src/cli/bundle-certificate.ts',
  'src/cli/dev-https.ts',
  'src/cli/dev.ts',
  'src/cli/local-certificate.ts',
  'src/cli/trust-authority.ts',
]

function isOfTheEmulator(file: string): boolean {
  return /^src\/(?:dev|console)\//.test(file) || EMULATOR_COMMAND.includes(file)
}

test('nothing that serve or its workers can import is of the emulator', async () => {
  const graph = await graphOf(ENTRIES)
  const files = Object.keys(graph)
  assert.deepEqual(files.filter(isOfTheEmulator), [])
  for (const file of ['src/cli/serve-worker.ts', 'src/service.ts', 'src/store/sqlite.ts']) {
    assert.ok(files.includes(file), `the walk saw ${file}`)
  }
  const starters = files.filter((file) =>
    graph[file]?.imports.some(({ path }) => PROCESS_MODULES.includes(path)),
  )
  assert.deepEqual(starters.toSorted(), STARTERS, 'what a new one runs is another entry')
})

test('the walk sees the emulator where it is', async () => {
  const emulator = globSync('src/dev/**/*.*', { cwd: PROJECT })
  const found = Object.keys(await graphOf(['src/cli/main.ts'])).filter(isOfTheEmulator)
  assert.deepEqual(found.toSorted(), [...emulator, ...EMULATOR_COMMAND].toSorted())
})

test('no process of serve loads a file of the emulator', async (t) => {
  const { environment, list } = watchLoadedFiles()
  const serving = await serve(t, await makeVault(8), { environment })
  await serving.flow.redeem(await serving.flow.openSession())
  await until(() => list().includes('src/keys/mint-session-keys.ts'), serving)
  assert.equal(list().filter((file) => file === 'src/cli/serve-worker.ts').length, 2)
  assert.deepEqual(list().filter(isOfTheEmulator), [])
})
