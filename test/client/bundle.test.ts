import { strict as assert } from 'node:assert'
import { join } from 'node:path'
import { test } from 'node:test'

import { build, type Metafile, type OutputFile } from 'esbuild'

const ENTRY = join(import.meta.dirname, '../../src/client/index.ts')

async function bundle(external: readonly string[]): Promise<{ file: OutputFile; meta: Metafile }> {
  const { outputFiles, metafile } = await build({
    entryPoints: [ENTRY],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    external: [...external],
    metafile: true,
    write: false,
    logLevel: 'silent',
  })
  const [file] = outputFiles
  assert.ok(file)
  return { file, meta: metafile }
}

test('the browser bundle without jose is smaller than 50 kB and imports nothing else', async () => {
  const { file, meta } = await bundle(['jose'])
  assert.ok(file.contents.length < 50_000, `${file.contents.length} bytes`)
  const imports = Object.values(meta.outputs).flatMap((output) => output.imports)
  assert.deepEqual([...new Set(imports.map(({ path }) => path.split('/')[0]))], ['jose'])
  assert.doesNotMatch(file.text, /node:|\bBuffer\b|\bprocess\b|\brequire\(/)
})

test('the browser bundle with jose needs no module of Node either', async () => {
  const { file, meta } = await bundle([])
  assert.deepEqual(
    Object.values(meta.outputs).flatMap((output) => output.imports),
    [],
  )
  assert.doesNotMatch(file.text, /["'`]node:/)
})

test('the bundle holds code of the client and the two folders it shares with the server only', async () => {
  const { meta } = await bundle(['jose'])
  const inputs = Object.values(meta.outputs).flatMap((output) => Object.entries(output.inputs))
  const used = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0)
  const folders = new Set(used.map(([path]) => /src\/([^/]+)\//.exec(path)?.[1]))
  assert.deepEqual(folders, new Set(['client', 'http-signature', 'protocol']))
})
