// `npm run bench [-- --rounds N --seconds S --json]`: what a request costs beside its bare cryptography.
// With `--inspector`: what recording costs the emulator.
// Exits with 1 when a limit is missed, with 2 when the run proves nothing.

import { parseArgs } from 'node:util'
import { formatInspector, INSPECTOR_LIMIT, measureInspector } from './inspector.ts'
import { formatReport, judge } from './report.ts'
import { runBenchmark, type RunOptions } from './run.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    inspector: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
if (!Number.isInteger(rounds) || rounds < 1 || !(seconds > 0 && seconds <= 60)) {
  console.error('--rounds is a whole number from 1, --seconds a number above 0 and up to 60.')
  process.exit(1)
}

const options: RunOptions = { rounds, seconds, progress: (text) => console.error(text) }
process.exitCode = await (values.inspector ? benchInspector() : benchVault())

async function benchVault(): Promise<number> {
  const results = await runBenchmark(options)
  const reports = results.cases.map(judge)
  const verdicts = reports.map(({ verdict }) => verdict)
  if (values.json) console.log(JSON.stringify({ ...results, cases: reports }))
  else console.log(formatReport(results, reports))
  return verdicts.includes('missed') ? 1 : verdicts.includes('invalid') ? 2 : 0
}

async function benchInspector(): Promise<number> {
  const costs = await measureInspector(options)
  console.log(values.json ? JSON.stringify(costs) : formatInspector(costs))
  return costs.some(({ ratio }) => ratio.median > 1 + INSPECTOR_LIMIT) ? 1 : 0
}
