import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'

// `npm test [-- glob …]`: one run over all test files, closed by one line of counts.

/** Folders whose tests touch no socket, process or browser: they share one process, which saves a start for each file. */
const UNIT_TESTS =
  /^test\/(?:card|protocol|http-signature|jose|store|merchant|keys|session|actions|client)\//
const UNIT_RUNNER = resolve(import.meta.dirname, 'unit-tests.ts')
const FILE_TIMEOUT_MS = 300_000
// One more than the smallest machine has cores: a third of its time a file waits, for a process, a deadline, a disk.
const FILES_AT_ONCE = 3
// Every file is a process that loads much the same: what one has compiled, the others need not.
process.env['NODE_COMPILE_CACHE'] ??= resolve(
  import.meta.dirname,
  '../node_modules/.cache/compiled',
)

const globs = process.argv.slice(2)
const found = globSync(globs.length > 0 ? globs : ['test/**'])
  .filter((file) => file.endsWith('.test.ts'))
  .toSorted()
const unitTests = found.filter((file) => UNIT_TESTS.test(file))
const files = found.filter((file) => !UNIT_TESTS.test(file)).map((file) => resolve(file))
if (unitTests.length > 0) files.unshift(UNIT_RUNNER)

const counts = { passed: 0, failed: 0, skipped: 0 }
const unreported = new Set(files)
let unsuccessful = false
let closed = false

const results = run({
  files,
  argv: unitTests.map((file) => resolve(file)),
  concurrency: FILES_AT_ONCE,
  timeout: FILE_TIMEOUT_MS,
})
results.on('test:pass', ({ name, skip, todo, details }) => {
  // A file in which no test came to its end passes under its own path.
  if (details.type === 'suite' || unreported.has(name)) return
  if (skip === undefined && todo === undefined) counts.passed += 1
  else counts.skipped += 1
})
results.on('test:fail', ({ name, todo, details }) => {
  unreported.delete(name)
  if (todo !== undefined) counts.skipped += 1
  else if (details.type !== 'suite' || !isConsequence(details.error)) counts.failed += 1
})
results.on('test:summary', ({ file, success }) => {
  if (file !== undefined) unreported.delete(file)
  // An error thrown after its test has ended is told here only.
  if (!success) unsuccessful = true
})
results.pipe(new spec()).pipe(process.stdout)
results.on('end', () => setImmediate(close))
process.on('exit', () => {
  if (!closed) process.exitCode = 1
})

function close(): void {
  for (const file of unreported) console.log(`✖ ${file} ended before its tests, or has none`)
  const failed = Math.max(counts.failed + unreported.size, unsuccessful ? 1 : 0)
  console.log(`${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped`)
  process.exitCode = failed > 0 || counts.passed === 0 ? 1 : 0
  closed = true
}

/** Tells whether a suite failed only because tests in it did, and those are counted themselves. */
function isConsequence(error: object): boolean {
  return 'failureType' in error && error.failureType === 'subtestsFailed'
}
