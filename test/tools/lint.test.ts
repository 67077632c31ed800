import { strict as assert } from 'node:assert'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { test } from 'node:test'

const PROJECT = resolve(import.meta.dirname, '../..')

/** Each line breaks one rule, in the file named; the rules are those that oxlint may lose silently in an upgrade. */
const BAIT: readonly (readonly [rule: string, file: string, source: string])[] = [
  ['boundaries(import-order)', 'src/card/a.ts', `export * from '../errors.ts'`],
  ['boundaries(import-order)', 'src/protocol/a.ts', `export * from '../http-signature/ok.ts'`],
  ['boundaries(import-order)', 'src/protocol/b.ts', `export * from '../clock-and-random.ts'`],
  ['boundaries(import-order)', 'src/jose/a.ts', `export const a = import('../store/ok.ts')`],
  ['boundaries(import-order)', 'src/store/a.ts', `import '../keys/ok.ts'`],
  ['boundaries(import-order)', 'src/keys/a.ts', `import { type ok } from '../session/ok.ts'`],
  ['boundaries(import-order)', 'src/actions/a.ts', `export type A = import('../http/ok.ts').Ok`],
  ['boundaries(import-order)', 'src/http/a.ts', `import '../service.ts'`],
  ['boundaries(import-order)', 'src/service.ts', `import './config.ts'`],
  ['boundaries(import-order)', 'src/http/b.ts', `import '../dev/ok.ts'`],
  ['boundaries(import-order)', 'src/cli/serve.ts', `import '../dev/ok.ts'`],
  ['boundaries(import-order)', 'src/http/ab.ts', `import '../client/ok.ts'`],
  ['boundaries(import-order)', 'src/client/a.ts', `import '../jose/ok.ts'`],
  ['boundaries(import-order)', 'src/http/c.ts', `import '../../test/ok.ts'`],
  ['boundaries(import-order)', 'src/helpers/a.ts', `import '../errors.ts'`],
  ['import(no-cycle)', 'src/jose/cycle-a.ts', `export type { B } from './cycle-b.ts'`],
  ['import(no-cycle)', 'src/jose/cycle-b.ts', `import type { A } from './cycle-a.ts'`],
  ['import(no-default-export)', 'src/jose/b.ts', `export default 1`],
  ['import(no-nodejs-modules)', 'src/protocol/c.ts', `import 'node:crypto'`],
  ['import(no-nodejs-modules)', 'src/client/b.ts', `import 'fs'`],
  ['eslint(no-restricted-globals)', 'src/card/b.ts', `export const a = Buffer.alloc(1)`],
  ['eslint(no-restricted-globals)', 'src/errors.ts', `export const a = globalThis.process.pid`],
  ['node(no-process-env)', 'src/http/aa.ts', `export const a = process.env['A']`],
  ['eslint(no-restricted-imports)', 'src/http/d.ts', `import { env } from 'node:process'`],
  ['eslint(no-restricted-imports)', 'src/http/e.ts', `import process from 'node:process'`],
  ['boundaries(time-and-randomness)', 'src/http/f.ts', `export const a = Date.now()`],
  ['boundaries(time-and-randomness)', 'src/http/g.ts', `export const a = new Date()`],
  ['boundaries(time-and-randomness)', 'src/http/h.ts', `export const a = Math['random']()`],
  ['boundaries(time-and-randomness)', 'src/http/i.ts', `export const a = crypto.randomUUID()`],
  ['boundaries(time-and-randomness)', 'src/http/j.ts', `globalThis.crypto.getRandomValues(a)`],
  ['boundaries(time-and-randomness)', 'src/http/k.ts', `import { randomBytes } from 'node:crypto'`],
  ['boundaries(time-and-randomness)', 'src/http/l.ts', `import * as c from 'node:crypto'`],
  [
    'boundaries(time-and-randomness)',
    'src/http/m.ts',
    `import { systemClock } from '../clock-and-random.ts'`,
  ],
  ['typescript(no-floating-promises)', 'src/http/n.ts', `Promise.resolve(1)`],
  [
    'typescript(no-misused-promises)',
    'src/http/o.ts',
    `export const a = (p: Promise<1>): 1 | 2 => (p ? 1 : 2)`,
  ],
  [
    'typescript(switch-exhaustiveness-check)',
    'src/http/p.ts',
    `export function a(b: 'x' | 'y'): void { switch (b) { case 'x': console.log(b) } }`,
  ],
  ['typescript(no-unsafe-assignment)', 'src/http/q.ts', `export const a = JSON.parse('1')`],
  ['typescript(no-unsafe-call)', 'src/http/r.ts', `JSON.parse('1')()`],
  ['typescript(no-unsafe-member-access)', 'src/http/s.ts', `console.log(JSON.parse('1').x)`],
  ['typescript(no-unsafe-return)', 'src/http/t.ts', `export const a = (): 1 => JSON.parse('1')`],
  [
    'typescript(no-unsafe-argument)',
    'src/http/u.ts',
    `console.log(Number.parseInt(JSON.parse('1')))`,
  ],
  [
    'typescript(no-unsafe-type-assertion)',
    'src/http/v.ts',
    `export const a = (b: unknown): string => b as string`,
  ],
  [
    'eslint(max-lines-per-function)',
    'src/http/w.ts',
    `export function a(): void {\n${'console.log(1)\n'.repeat(60)}}`,
  ],
  ['eslint(max-lines)', 'src/http/x.ts', 'console.log(1)\n'.repeat(401)],
  ['eslint(max-lines)', 'test/x.test.ts', 'console.log(1)\n'.repeat(401)],
  [
    'eslint(max-params)',
    'src/http/y.ts',
    `export function a(b: 1, c: 1, d: 1, e: 1): void { console.log(b, c, d, e) }`,
  ],
  [
    'eslint(max-depth)',
    'src/http/z.ts',
    `const a = !0\nif (a) { if (a) { if (a) { if (a) { console.log(1) } } } }`,
  ],
]

/** Nothing here breaks a rule. */
const ALLOWED: readonly (readonly [file: string, source: string])[] = [
  ...['card', 'protocol', 'http-signature', 'jose', 'store', 'keys', 'session', 'actions'].map(
    (folder) => [`src/${folder}/ok.ts`, 'export type Ok = 1\nexport const ok: Ok = 1'] as const,
  ),
  ['src/http/ok.ts', `export * from '../actions/ok.ts'\nexport * from '../card/ok.ts'`],
  ['src/dev/ok.ts', `export * from '../http/ok.ts'`],
  ['src/client/ok.ts', `export * from '../protocol/ok.ts'`],
  ['src/cli/dev.ts', `export * from '../dev/ok.ts'`],
  ['src/cli/ok.ts', `import { systemClock } from '../clock-and-random.ts'\nsystemClock()`],
  ['src/clock-and-random.ts', `export const systemClock = (): Date => new Date()`],
  [
    'src/http/ok2.ts',
    `export const a = (b: number): Date => new Date(b)\nconsole.log(process.pid)`,
  ],
  ['src/jose/ok2.ts', `import { hash } from 'node:crypto'\nconsole.log(hash)`],
  ['src/config.ts', `export const a = process.env['A']`],
  [
    'test/ok.ts',
    `import { test } from 'node:test'\ntest('a', () => console.log(process.env['A']))`,
  ],
]

const CONFIGURATION = [
  '.oxlintrc.json',
  'tools/oxlint-boundaries.ts',
  'tsconfig.json',
  'tsconfig.base.json',
]

test('every rule of the lint configuration bites, and only where it should', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-lint-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const path of CONFIGURATION) cpSync(join(PROJECT, path), join(folder, path))
  symlinkSync(join(PROJECT, 'node_modules'), join(folder, 'node_modules'))
  const files = [...BAIT.map(([, file, source]) => [file, source] as const), ...ALLOWED]
  for (const [file, source] of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), source)
  }
  const found = lint(folder)
  for (const [rule, file, source] of BAIT) {
    assert.ok(found.get(file)?.has(rule), `${file} is not refused by ${rule}: ${source}`)
  }
  for (const [file] of ALLOWED) assert.deepEqual([...(found.get(file) ?? [])], [], file)
})

/** Returns the rules broken, by file. */
function lint(folder: string): Map<string, Set<string>> {
  const { stdout } = spawnSync('oxlint', ['--format', 'json', 'src', 'test'], {
    cwd: folder,
    encoding: 'utf8',
  })
  const report = JSON.parse(stdout) as { diagnostics: { code: string; filename: string }[] }
  const found = new Map<string, Set<string>>()
  for (const { code, filename } of report.diagnostics) {
    found.set(filename, (found.get(filename) ?? new Set()).add(code))
  }
  return found
}
