import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CASES, type Case } from './cases.ts'
import { startHelper } from './helper.ts'
import { describeMachine, keepOnLastCore, type Machine } from './machine.ts'
import { measureSlice, warmUp, type Instruments, type Slice, type Subject } from './measure.ts'
import { mintKeys, openPools, type KeyStock } from './pool.ts'
import { createVault, startServer } from './vault.ts'

const KEY_PAIRS = 96
// The compiler of the engine is busy for the first thirty thousand requests; a vault runs for months.
const WARM_UP_ROUNDS = 16

/** How much to measure. */
export interface RunOptions {
  readonly rounds: number
  /** Length of a slice of load. */
  readonly seconds: number
  /** Told what is going on. */
  progress(text: string): void
}

/** All slices of one case, of the server and of its twin. */
export interface Measured {
  readonly case: Case
  readonly slices: readonly Slice[]
  /** The same case on a second, identical server: the A/A control. */
  readonly twinSlices: readonly Slice[]
}

/** Everything that was measured. */
export interface Results {
  readonly machine: Machine
  /** Whether load generator and log reader were kept off the server's cores. */
  readonly isPinned: boolean
  readonly minting: { readonly keyPairs: number; readonly millisecondsPerKey: number }
  readonly cases: readonly Measured[]
}

/** Runs the benchmark in a temporary folder, which is deleted at the end. */
export async function runBenchmark(options: RunOptions): Promise<Results> {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-bench-'))
  const subjects: Subject[] = []
  const instruments = startInstruments(options.seconds)
  try {
    const machine = describeMachine(folder)
    options.progress(`minting ${KEY_PAIRS} key pairs on ${machine.cores} cores`)
    const stock = await mintKeys(KEY_PAIRS)
    options.progress('starting two servers')
    for (const name of ['server', 'twin'])
      subjects.push(await startSubject(join(folder, name), stock))
    const isPinned = [instruments.generator.pid, process.pid].every(keepOnLastCore)
    const cases = await measureRounds(subjects, instruments, options)
    const { materials, millisecondsPerKey } = stock
    const minting = { keyPairs: materials.length, millisecondsPerKey }
    return { machine, isPinned, minting, cases }
  } finally {
    for (const { server, pools } of subjects) {
      await server.stop()
      await pools.close()
    }
    instruments.bare.stop()
    instruments.generator.stop()
    rmSync(folder, { recursive: true })
  }
}

function startInstruments(seconds: number): Instruments {
  return {
    bare: startHelper(new URL('processes/bare.ts', import.meta.url)),
    generator: startHelper(new URL('processes/generator.ts', import.meta.url)),
    sliceMilliseconds: seconds * 1000,
  }
}

async function startSubject(folder: string, stock: KeyStock): Promise<Subject> {
  const vault = await createVault(folder)
  const pools = await openPools(vault, stock)
  await pools.fill('pool-key', 64)
  await pools.fill('rotated-pool-key', 64)
  return { vault, pools, server: await startServer(vault) }
}

/** Measures every case on every server once a round. What comes first changes from round to round. */
async function measureRounds(
  subjects: readonly Subject[],
  instruments: Instruments,
  { rounds, progress }: RunOptions,
): Promise<readonly Measured[]> {
  const policies = [...new Set(CASES.map(({ keys }) => keys))]
  // The token case of a policy comes right after its session case, whose sessions it uses.
  const turns = subjects.flatMap((subject) =>
    policies.map((keys) => CASES.filter((of) => of.keys === keys).map((of) => ({ subject, of }))),
  )
  for (let round = 1; round <= WARM_UP_ROUNDS; round += 1) {
    progress(`warming up ${round} of ${WARM_UP_ROUNDS}`)
    for (const { subject, of } of turns.flat()) await warmUp(of, subject, instruments)
  }
  const measured: { readonly of: Case; readonly on: Subject; readonly slice: Slice }[] = []
  for (let round = 1; round <= rounds; round += 1) {
    progress(`round ${round} of ${rounds}`)
    const first = round % turns.length
    for (const { subject, of } of [...turns.slice(first), ...turns.slice(0, first)].flat()) {
      const slice = await measureSlice(of, subject, instruments)
      measured.push({ of, on: subject, slice })
    }
  }
  const slicesOf = (of: Case, on: Subject | undefined): readonly Slice[] =>
    measured.filter((entry) => entry.of === of && entry.on === on).map(({ slice }) => slice)
  return CASES.map((of) => ({
    case: of,
    slices: slicesOf(of, subjects[0]),
    twinSlices: slicesOf(of, subjects[1]),
  }))
}
