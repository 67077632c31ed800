import { strict as assert } from 'node:assert'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { judgeStore, type StoreReport } from '../../bench/stores-report.ts'
import type { StoreResults, StoreRound, StoreSlice } from '../../bench/stores.ts'
import { launchProgram, PROJECT, type Ended } from '../process.ts'
import { LOAD } from './load.ts'

const MAIN = join(PROJECT, 'bench/main.ts')

function bench(
  t: TestContext,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return launchProgram(t, ['node', MAIN, ...args], { environment }).ended
}

test('an engine that nobody knows is refused with the names of those that there are', async (t) => {
  const { code, stderr } = await bench(t, ['--store', 'oracle'])
  assert.equal(code, 2)
  assert.equal(stderr, '--store is one of sqlite, postgres, redis.\n')
})

test('without redis-server the benchmark says that it is missing', async (t) => {
  const PATH = join(PROJECT, 'node_modules/.bin')
  const { code, stderr } = await bench(t, ['--store', 'redis'], { PATH })
  assert.equal(code, 1)
  assert.match(stderr, /^redis-server is not installed\. /)
})

test('the help names every engine', async (t) => {
  const { code, stdout } = await bench(t, ['--help'])
  assert.equal(code, 0)
  assert.match(stdout, /--store ENGINE .*sqlite, postgres, redis/)
})

test('a token may cost 15 % more on SQLite than on memory, and 5 % beyond that is slack', () => {
  assert.equal(verdictOf({ engine: 1150 }), 'met')
  assert.equal(verdictOf({ engine: 1151 }), 'met within the slack')
  assert.equal(verdictOf({ engine: 1207 }), 'met within the slack')
  assert.equal(verdictOf({ engine: 1208 }), 'missed')
})

test('the engine is compared with the mean of the two services on memory', () => {
  const { ratio } = judgeStore(resultsOf({ engine: 1100, twin: 1040 }))
  assert.equal(ratio.median, 1100 / 1020)
})

test('nothing is said when the two services on memory differ by more than 5 %', () => {
  assert.equal(verdictOf({ twin: 1049 }), 'met')
  assert.equal(verdictOf({ twin: 1051 }), 'invalid')
  assert.equal(verdictOf({ twin: 949 }), 'invalid')
})

test('nothing is said when one reply of a slice was no success', () => {
  assert.equal(verdictOf({ isValid: false }), 'invalid')
})

interface Measured {
  readonly engine?: number
  readonly twin?: number
  readonly isValid?: boolean
}

function verdictOf(measured: Measured): StoreReport['verdict'] {
  return judgeStore(resultsOf(measured)).verdict
}

function resultsOf({ engine = 1000, twin = 1000, isValid = true }: Measured): StoreResults {
  const both = (token: StoreSlice): StoreRound['memory'] => ({ session: sliceOf(300), token })
  const round = {
    memory: both(sliceOf(1000)),
    engine: both({ ...sliceOf(engine), isValid }),
    twin: both(sliceOf(twin)),
  }
  return { engine: 'sqlite', machine: MACHINE, settings: '', isPinned: true, rounds: [round] }
}

const MACHINE = {
  cpu: '',
  cores: 2,
  avx512ifma: true,
  node: '24',
  openssl: '3',
  fsyncMicroseconds: 200,
}

function sliceOf(serviceMicroseconds: number): StoreSlice {
  return { load: LOAD, serviceMicroseconds, databaseMicroseconds: undefined, isValid: true }
}
