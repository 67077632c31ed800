import { CONNECTIONS, type Operation } from './cases.ts'
import { startHelper, type Helper } from './helper.ts'
import { keepOnLastCore } from './machine.ts'
import type { EmulatorAnswer, EmulatorQuestion } from './processes/emulator.ts'
import type { GeneratorQuestion, Load } from './processes/generator.ts'
import { watchTree } from './process-tree.ts'
import type { RunOptions } from './run.ts'
import { spreadOf, type Spread } from './statistics.ts'

const OPERATIONS: readonly Operation[] = ['session', 'token']
const REQUESTS_PER_SECOND = 4000
// The compiler of the engine is busy for the first ten thousand requests.
const WARM_UP_ROUNDS = 8

/** The most that recording may add to the CPU of a request. */
export const INSPECTOR_LIMIT = 0.05

/** What recording costs an operation, in CPU of the emulator. */
export interface InspectorCost {
  readonly operation: Operation
  /** Microseconds a request, without recording. */
  readonly off: Spread
  readonly on: Spread
  /** On by off, of slices that followed one another. */
  readonly ratio: Spread
  /** The same of two emulators that both do not record: how exact the measurement is. */
  readonly control: Spread
}

interface Subject extends EmulatorAnswer {
  readonly helper: Helper<EmulatorQuestion, EmulatorAnswer>
}

/** Measures emulators that record and do not, in slices by turns. */
export async function measureInspector(options: RunOptions): Promise<readonly InspectorCost[]> {
  const generator = startHelper<GeneratorQuestion, Load>(
    new URL('processes/generator.ts', import.meta.url),
  )
  const subjects: Subject[] = []
  try {
    for (const isRecording of [false, true, false]) subjects.push(await startSubject(isRecording))
    ;[generator.pid, process.pid].forEach(keepOnLastCore)
    return await measureRounds(subjects, generator, options)
  } finally {
    for (const { helper } of subjects) helper.stop()
    generator.stop()
  }
}

async function startSubject(isRecording: boolean): Promise<Subject> {
  const helper = startHelper<EmulatorQuestion, EmulatorAnswer>(
    new URL('processes/emulator.ts', import.meta.url),
  )
  return { helper, ...(await helper.ask({ isRecording })) }
}

type Generator = Helper<GeneratorQuestion, Load>

/** CPU microseconds a request of each subject, of one operation in one round. */
type Costs = readonly number[]

async function measureRounds(
  subjects: readonly Subject[],
  generator: Generator,
  { rounds, seconds, progress }: RunOptions,
): Promise<readonly InspectorCost[]> {
  const costs: Record<Operation, Costs[]> = { session: [], token: [] }
  for (let round = 1 - WARM_UP_ROUNDS; round <= rounds; round += 1) {
    progress(round <= 0 ? 'warming up' : `round ${round} of ${rounds}`)
    const first = (round + WARM_UP_ROUNDS) % subjects.length
    const inOrder = [...subjects.entries()]
    const turns = [...inOrder.slice(first), ...inOrder.slice(0, first)]
    const measured: Record<Operation, number[]> = { session: [], token: [] }
    for (const [index, subject] of turns) {
      for (const operation of OPERATIONS) {
        measured[operation][index] = await measureSlice(subject, generator, { operation, seconds })
      }
    }
    if (round > 0) for (const operation of OPERATIONS) costs[operation].push(measured[operation])
  }
  return OPERATIONS.map((operation) => sumUp(operation, costs[operation]))
}

interface SliceOptions {
  readonly operation: Operation
  readonly seconds: number
}

async function measureSlice(
  { port, credential, helper }: Subject,
  generator: Generator,
  { operation, seconds }: SliceOptions,
): Promise<number> {
  const requests = Math.ceil(seconds * REQUESTS_PER_SECOND)
  const common = { port, credential, operation, requests, connections: CONNECTIONS }
  await generator.ask({ step: 'prepare', ...common })
  const usedMicroseconds = watchTree(helper.pid)
  const load = await generator.ask({ step: 'run', milliseconds: seconds * 1000 })
  const used = usedMicroseconds()
  if (load.replies > 0 && load.statuses[201] === load.replies) return used / load.replies
  throw new Error(`the emulator refused a ${operation}: ${JSON.stringify(load.statuses)}`)
}

function sumUp(operation: Operation, costs: readonly Costs[]): InspectorCost {
  const of = (index: number): readonly number[] => costs.map((round) => round[index] ?? NaN)
  const [off, on, twin] = [of(0), of(1), of(2)]
  const byOff = (values: readonly number[]): Spread =>
    spreadOf(values.map((value, round) => value / (off[round] ?? NaN)))
  // Each round has two slices without recording, on either side: their mean is what the one with is compared with.
  const means = off.map((value, round) => (value + (twin[round] ?? NaN)) / 2)
  const ratio = spreadOf(on.map((value, round) => value / (means[round] ?? NaN)))
  return {
    operation,
    off: spreadOf([...off, ...twin]),
    on: spreadOf(on),
    ratio,
    control: byOff(twin),
  }
}

/** Writes what was measured, for people. */
export function formatInspector(costs: readonly InspectorCost[]): string {
  const lines = costs.map(({ operation, off, on, ratio, control }) => {
    const verdict = ratio.median <= 1 + INSPECTOR_LIMIT ? 'kept' : 'missed'
    return [
      `${operation.padEnd(8)} ${Math.round(off.median)} µs without recording, ${Math.round(on.median)} µs with:`,
      `${percent(ratio.median)} more (${percent(ratio.min)} to ${percent(ratio.max)}),`,
      `control ${percent(control.median)}; limit ${percent(1 + INSPECTOR_LIMIT)}: ${verdict}`,
    ].join(' ')
  })
  return ['CPU of the emulator a request; medians of rounds', ...lines].join('\n')
}

function percent(ratio: number): string {
  return `${((ratio - 1) * 100).toFixed(1)} %`
}
