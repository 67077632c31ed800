import assert from 'node:assert/strict'
import { cpSync, readdirSync, readFileSync, symlinkSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { launchProgram, makeFolder, PROJECT, type Ended } from '../process.ts'

/** An example that a runner runs. */
export interface Example {
  /** In `examples/`. */
  readonly file: string
  /** What a user types. */
  readonly command: string
  /** How the runner sums it up when all is well, and when one assertion was wrong. */
  readonly passed: RegExp
  readonly failed: RegExp
  /** What one of its assertions holds for true, and what is not. */
  readonly truth: string
  readonly untruth: string
  readonly environment?: Readonly<Record<string, string>>
}

/** Runs an example where it stands: it must pass. */
export async function assertPasses(t: TestContext, example: Example): Promise<void> {
  const { code, stdout, stderr } = await runIn(PROJECT, t, example)
  assert.equal(code, 0, stdout + stderr)
  assert.match(stdout + stderr, example.passed)
}

/** Runs a copy of an example, in a project that has Coatcheck and the runner installed, in which one assertion is wrong. */
export async function assertCanFail(t: TestContext, example: Example): Promise<void> {
  const { file, truth, untruth, failed } = example
  const folder = makeProject()
  const path = join(folder, 'examples', file)
  const right = readFileSync(path, 'utf8')
  const wrong = right.replace(truth, untruth)
  assert.notEqual(wrong, right)
  writeFileSync(path, wrong)
  const { code, stdout, stderr } = await runIn(folder, t, example)
  assert.equal(code, 1, stdout + stderr)
  assert.match(stdout + stderr, failed)
}

function runIn(folder: string, t: TestContext, { command, environment }: Example): Promise<Ended> {
  const home = { HOME: makeFolder(), NO_COLOR: '1', ...environment }
  return launchProgram(t, ['sh', '-c', command], { folder, environment: home }).ended
}

function makeProject(): string {
  const folder = makeFolder()
  cpSync(join(PROJECT, 'examples'), join(folder, 'examples'), {
    recursive: true,
    filter: (path) => !path.endsWith('tsconfig.json'),
  })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const modules = join(folder, 'node_modules')
  mkdirSync(modules)
  symlinkSync(PROJECT, join(modules, 'coatcheck'))
  for (const name of readdirSync(join(PROJECT, 'node_modules'))) {
    symlinkSync(join(PROJECT, 'node_modules', name), join(modules, name))
  }
  return folder
}
