import { parseArgs } from 'node:util'
import { OperatorError } from '../src/errors.ts'
import { ENGINES, type Engine } from './databases.ts'
import { formatInspector, INSPECTOR_LIMIT, measureInspector } from './inspector.ts'
import { formatReport, judge } from './report.ts'
import { runBenchmark, type RunOptions } from './run.ts'
import { formatStoreReport, judgeStore } from './stores-report.ts'
import { measureStore } from './stores.ts'

const HELP = `npm run bench -- [options]: what a request costs beside its bare cryptography.

  --store ENGINE   what a token costs on a store, beside memory: ${ENGINES.join(', ')}
  --inspector      what recording costs the emulator
  --rounds N       how many rounds are measured (15; with --store 40)
  --seconds S      length of a slice of load (0.7; with --store 0.3)
  --json           print JSON
  --help           print this

Exits with 1 when a limit is missed or nothing can be run, with 2 when the run proves nothing or is asked for wrongly.`

const { values } = parseArgs({
  options: {
    store: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    inspector: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const engine = ENGINES.find((each) => each === values.store)
const [rounds, seconds] =
  values.store === undefined
    ? [Number(values.rounds ?? 15), Number(values.seconds ?? 0.7)]
    : [Number(values.rounds ?? 40), Number(values.seconds ?? 0.3)]
const options: RunOptions = { rounds, seconds, progress: (text) => console.error(text) }

process.exitCode = await run()

async function run(): Promise<number> {
  if (values.help) {
    console.log(HELP)
    return 0
  }
  if (!Number.isInteger(rounds) || rounds < 1 || !(seconds > 0 && seconds <= 60)) {
    console.error('--rounds is a whole number from 1, --seconds a number above 0 and up to 60.')
    return 2
  }
  if (values.store !== undefined && engine === undefined) {
    console.error(`--store is one of ${ENGINES.join(', ')}.`)
    return 2
  }
  if (engine !== undefined) return benchStore(engine)
  return values.inspector ? benchInspector() : benchVault()
}

async function benchVault(): Promise<number> {
  const results = await runBenchmark(options)
  const reports = results.cases.map(judge)
  if (values.json) console.log(JSON.stringify({ ...results, cases: reports }))
  else console.log(formatReport(results, reports))
  return exitCodeOf(reports.map(({ verdict }) => verdict))
}

async function benchStore(of: Engine): Promise<number> {
  const results = await measureStore(of, options).catch(explain)
  if (results === undefined) return 1
  const report = judgeStore(results)
  if (values.json) console.log(JSON.stringify({ ...results, ...report }))
  else console.log(formatStoreReport(results, report))
  return exitCodeOf([report.verdict])
}

function explain(error: unknown): undefined {
  if (!(error instanceof OperatorError)) throw error
  console.error(`${error.problem} ${error.fix}`)
}

function exitCodeOf(verdicts: readonly string[]): number {
  return verdicts.includes('missed') ? 1 : verdicts.includes('invalid') ? 2 : 0
}

async function benchInspector(): Promise<number> {
  const costs = await measureInspector(options)
  console.log(values.json ? JSON.stringify(costs) : formatInspector(costs))
  return costs.some(({ ratio }) => ratio.median > 1 + INSPECTOR_LIMIT) ? 1 : 0
}
