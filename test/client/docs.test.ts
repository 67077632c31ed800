import { strict as assert } from 'node:assert'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { LOCAL_REASONS } from '../../src/client/index.ts'

const PROJECT = join(import.meta.dirname, '../..')
const PAGE = readFileSync(join(PROJECT, 'docs/client.md'), 'utf8')

test('the page of the client names every reason of the client, and no other', () => {
  const rows = PAGE.split('\n').filter((line) => line.startsWith('| `'))
  const named = rows.flatMap((row) => row.split('|')[1]?.match(/[A-Z_]+/g) ?? [])
  assert.deepEqual(named.toSorted(), Object.keys(LOCAL_REASONS).toSorted())
})

test('the examples of the page, one after the other, compile', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-docs-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const examples = [...PAGE.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code)
  assert.equal(examples.length, 4)
  writeFileSync(join(folder, 'page.mts'), examples.join('\n'))
  const config = {
    extends: join(PROJECT, 'tsconfig.base.json'),
    compilerOptions: {
      lib: ['es2024', 'dom', 'dom.iterable'],
      types: [],
      isolatedDeclarations: false,
      declaration: false,
      paths: { 'coatcheck-client': [join(PROJECT, 'src/client/index.ts')] },
    },
    files: ['page.mts'],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(PROJECT, 'node_modules/typescript/bin/tsc')
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' })
  assert.equal(status, 0, stdout)
})
