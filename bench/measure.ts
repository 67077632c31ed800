import { CONNECTIONS, type Case, type Operation } from './cases.ts'
import type { Helper } from './helper.ts'
import type { Pools } from './pool.ts'
import type { BareCost, BareQuestion } from './processes/bare.ts'
import type { GeneratorQuestion, Load } from './processes/generator.ts'
import { watchTree } from './process-tree.ts'
import type { Server, VaultFolder } from './vault.ts'
import { verifyAnswers } from './verify-answers.ts'

const BARE_MILLISECONDS = 150
// More than one worker can answer, so that a slice ends by time.
const REQUESTS_PER_SECOND = 5000
// A slice of one-time sessions ends by these: with more, the pool would be larger than it is as shipped (512 keys).
const ONE_TIME_KEYS = 1000
// What workers hold back for late claims, and rotated keys for every replacement of a slice.
const SPARE_KEYS = 64

/** A server under test and what belongs to it. */
export interface Subject {
  readonly server: Server
  readonly vault: VaultFolder
  readonly pools: Pools
}

/** The helpers that every slice uses. */
export interface Instruments {
  readonly bare: Helper<BareQuestion, BareCost>
  readonly generator: Helper<GeneratorQuestion, Load>
  readonly sliceMilliseconds: number
}

/** One slice of load on one server. */
export interface Slice {
  readonly load: Load
  /** CPU of the whole server, in microseconds a request. */
  readonly serverMicroseconds: number
  /** CPU of the RSA operations of a request, from the bare slices before and after. */
  readonly bareMicroseconds: number
  /** Whether every reply was a success. */
  readonly isValid: boolean
}

/** Measures one slice between two slices of bare cryptography, then verifies sample answers. */
export async function measureSlice(
  of: Case,
  subject: Subject,
  instruments: Instruments,
): Promise<Slice> {
  const { operation, keys } = of
  const { bare, generator, sliceMilliseconds } = instruments
  const { server, vault } = subject
  await prepareSlice(of, subject, instruments)
  const before = await bare.ask({ milliseconds: BARE_MILLISECONDS })
  const usedMicroseconds = watchTree(server.pid)
  const load = await generator.ask({ step: 'run', milliseconds: sliceMilliseconds })
  const cpuMicroseconds = usedMicroseconds()
  const after = await bare.ask({ milliseconds: BARE_MILLISECONDS })
  const isValid = load.replies > 0 && load.statuses[201] === load.replies
  const where = { port: server.port, credential: vault.credentials[keys] }
  if (isValid) await verifyAnswers(operation, load.samples, where)
  return {
    load,
    serverMicroseconds: cpuMicroseconds / load.replies,
    bareMicroseconds: (bareOf(operation, before) + bareOf(operation, after)) / 2,
    isValid,
  }
}

/** Runs a slice of load that is not measured. */
export async function warmUp(of: Case, subject: Subject, instruments: Instruments): Promise<void> {
  await prepareSlice(of, subject, instruments)
  const { generator, sliceMilliseconds } = instruments
  await generator.ask({ step: 'run', milliseconds: sliceMilliseconds })
}

async function prepareSlice(
  { operation, keys }: Case,
  { server, vault, pools }: Subject,
  { generator, sliceMilliseconds }: Instruments,
): Promise<void> {
  const most = Math.ceil((sliceMilliseconds / 1000) * REQUESTS_PER_SECOND)
  const requests = keys === 'one-time' ? Math.min(most, ONE_TIME_KEYS) : most
  await pools.fill('rotated-pool-key', SPARE_KEYS)
  if (keys === 'one-time') await pools.fill('pool-key', requests + SPARE_KEYS)
  await generator.ask({
    step: 'prepare',
    operation,
    port: server.port,
    connections: CONNECTIONS,
    credential: vault.credentials[keys],
    requests,
  })
}

/** A session signs once, a token decrypts and signs. */
function bareOf(operation: Operation, { sign, decrypt }: BareCost): number {
  return operation === 'session' ? sign : decrypt + sign
}
