import assert from 'node:assert/strict'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { makeFolder, PROJECT, until } from '../process.ts'
import { makeVault } from '../vault.ts'
import { serve } from './serving.ts'

/** Files that start a process of their own, which no bundler follows, and what that process runs. */
const STARTERS: Readonly<Record<string, readonly string[]>> = {
  'src/cli/serve-primary.ts': ['src/cli/serve.ts'],
  'src/keys/minting.ts': ['src/keys/mint-session-keys.ts'],
}

/** Every file of the project that is reached from the entries by static and dynamic imports; types are none. */
async function graphOf(...entries: readonly string[]): Promise<readonly string[]> {
  const { metafile, warnings } = await build({
    absWorkingDir: PROJECT,
    entryPoints: [...entries],
    bundle: true,
    outdir: 'nowhere',
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    packages: 'external',
  })
  // An import whose target is computed would go unseen.
  assert.deepEqual(warnings, [])
  return Object.keys(metafile.inputs)
}

function isOfTheEmulator(file: string): boolean {
  return file.startsWith('src/dev/') || file === 'src/cli/dev.ts'
}

test('nothing that serve or its workers can import is of the emulator', async () => {
  const graph = await graphOf('src/cli/serve.ts', 'src/keys/mint-session-keys.ts')
  assert.deepEqual(graph.filter(isOfTheEmulator), [])
  for (const file of ['src/cli/serve-worker.ts', 'src/service.ts', 'src/store/sqlite.ts']) {
    assert.ok(graph.includes(file), `the walk saw ${file}`)
  }
  const starters = graph.filter((file) => {
    const text = readFileSync(join(PROJECT, file), 'utf8')
    return /\b(?:fork|spawn|exec(?:File)?|new Worker)(?:Sync)?\(/.test(text)
  })
  assert.deepEqual(starters.toSorted(), Object.keys(STARTERS).toSorted())
})

test('the walk sees the emulator where it is', async () => {
  const emulator = globSync('src/dev/*', { cwd: PROJECT })
  const graph = await graphOf('src/cli/main.ts')
  assert.deepEqual(
    graph.filter(isOfTheEmulator).toSorted(),
    [...emulator, 'src/cli/dev.ts'].toSorted(),
  )
})

test('no process of serve loads a file of the emulator', async (t) => {
  const folder = makeFolder()
  const [loaded, recorder] = [join(folder, 'loaded.txt'), join(folder, 'recorder.mjs')]
  writeFileSync(loaded, '')
  writeFileSync(
    recorder,
    `import { appendFileSync } from 'node:fs'
     import { registerHooks } from 'node:module'
     registerHooks({
       load(url, context, next) {
         appendFileSync(${JSON.stringify(loaded)}, url + '\\n')
         return next(url, context)
       },
     })`,
  )
  const files = (): readonly string[] =>
    readFileSync(loaded, 'utf8')
      .split('\n')
      .filter((url) => url.startsWith('file:'))
      .map((url) => fileURLToPath(url).slice(PROJECT.length + 1))
  const environment = { NODE_OPTIONS: `--import=${recorder}` }
  const serving = await serve(t, await makeVault(8), { environment })
  await serving.flow.redeem(await serving.flow.openSession())
  await until(() => files().includes('src/keys/mint-session-keys.ts'), serving)
  assert.equal(files().filter((file) => file === 'src/cli/serve-worker.ts').length, 2)
  assert.deepEqual(files().filter(isOfTheEmulator), [])
})
