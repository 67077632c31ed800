import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HARDENED_ARGUMENTS } from '../src/cli/harden-process.ts'
import { SERVING_ARGUMENTS } from '../src/cli/vault-service.ts'
import { CONNECTIONS, type Operation } from './cases.ts'
import { START, type Database, type Engine } from './databases.ts'
import { startHelper, type Helper } from './helper.ts'
import { describeMachine, keepOnLastCore, type Machine } from './machine.ts'
import { mintKeys } from './pool.ts'
import { watchTree } from './process-tree.ts'
import type { GeneratorQuestion, Load } from './processes/generator.ts'
import type { ServiceAnswer, ServiceQuestion } from './processes/service.ts'
import type { RunOptions } from './run.ts'
import { ORIGIN } from './vault.ts'
import { verifyAnswers } from './verify-answers.ts'

// Enough for a slice of tokens, each of which needs a session of its own; a slice of sessions ends by them.
const REQUESTS_PER_SECOND = 1500
// The compiler of the engine is busy for the first ten thousand requests.
const WARM_UP_ROUNDS = 6
const WARM_UP_SECONDS = 1
const KEY_PAIRS = 8

/** One slice of load on one service. */
export interface StoreSlice {
  readonly load: Load
  /** CPU of the service, in microseconds a request. */
  readonly serviceMicroseconds: number
  /** CPU of the database's own processes, in microseconds a request; undefined when it has none. */
  readonly databaseMicroseconds: number | undefined
  /** Whether every reply was a success. */
  readonly isValid: boolean
}

/** The slices of one round: memory, the engine, and memory again under another name. */
export type StoreRound = Readonly<Record<SubjectName, Readonly<Record<Operation, StoreSlice>>>>

/** What is measured in turn. */
export type SubjectName = 'memory' | 'engine' | 'twin'

/** Everything that was measured of one engine. */
export interface StoreResults {
  readonly engine: Engine
  readonly machine: Machine
  /** What the database says of its settings. */
  readonly settings: string
  readonly isPinned: boolean
  readonly rounds: readonly StoreRound[]
}

/**
 * Measures the same service on memory and on an engine, in slices by turns.
 *
 * @throws OperatorError when the database's programs are not installed.
 */
export async function measureStore(engine: Engine, options: RunOptions): Promise<StoreResults> {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-bench-'))
  const machine = describeMachine(folder)
  const database = await START[engine](folder).catch(removeAndThrow(folder))
  const generator = startHelper<GeneratorQuestion, Load>(
    new URL('processes/generator.ts', import.meta.url),
  )
  const subjects: Subject[] = []
  try {
    options.progress(`starting the service on memory, twice, and on ${engine}`)
    const { materials } = await mintKeys(KEY_PAIRS)
    const memory: Place = { store: 'memory', folder: '', database: undefined }
    const own: Place = { store: database.address, folder: join(folder, 'data'), database }
    for (const [name, place] of [
      ['memory', memory],
      ['engine', own],
      ['twin', memory],
    ] as const) {
      subjects.push(await startSubject(name, place, materials))
    }
    const isPinned = [generator.pid, process.pid].every(keepOnLastCore)
    const rounds = await measureRounds(subjects, generator, options)
    const told = subjects.map(({ durability }) => durability).join('')
    return { engine, machine, settings: database.settings ?? told, isPinned, rounds }
  } finally {
    for (const { helper } of subjects) helper.stop()
    generator.stop()
    await database.stop()
    rmSync(folder, { recursive: true, maxRetries: 5 })
  }
}

function removeAndThrow(folder: string): (error: unknown) => never {
  return function remove(error) {
    rmSync(folder, { recursive: true, maxRetries: 5 })
    throw error
  }
}

interface Place {
  readonly store: string
  readonly folder: string
  readonly database: Database | undefined
}

interface Subject extends ServiceAnswer {
  readonly name: SubjectName
  readonly helper: Helper<ServiceQuestion, ServiceAnswer>
  readonly database: Database | undefined
}

async function startSubject(
  name: SubjectName,
  { store, folder, database }: Place,
  materials: readonly Buffer[],
): Promise<Subject> {
  const helper = startHelper<ServiceQuestion, ServiceAnswer>(
    new URL('processes/service.ts', import.meta.url),
    [...HARDENED_ARGUMENTS, ...SERVING_ARGUMENTS],
  )
  const answer = await helper.ask({ store, folder, origin: ORIGIN, materials })
  return { name, helper, database, ...answer }
}

type Generator = Helper<GeneratorQuestion, Load>

async function measureRounds(
  subjects: readonly Subject[],
  generator: Generator,
  { rounds, seconds, progress }: RunOptions,
): Promise<readonly StoreRound[]> {
  const measured: StoreRound[] = []
  for (let round = 1 - WARM_UP_ROUNDS; round <= rounds; round += 1) {
    progress(round <= 0 ? 'warming up' : `round ${round} of ${rounds}`)
    const first = (round + WARM_UP_ROUNDS) % subjects.length
    const slices: Partial<Record<SubjectName, Record<Operation, StoreSlice>>> = {}
    for (const subject of [...subjects.slice(first), ...subjects.slice(0, first)]) {
      const length = round <= 0 ? WARM_UP_SECONDS : seconds
      slices[subject.name] = await measureTurn(subject, generator, length)
    }
    if (round > 0) measured.push(slices as StoreRound)
  }
  return measured
}

/** A slice of sessions, then one of the tokens that they are for. */
async function measureTurn(
  subject: Subject,
  generator: Generator,
  seconds: number,
): Promise<Record<Operation, StoreSlice>> {
  const session = await measureSlice(subject, generator, { operation: 'session', seconds })
  const token = await measureSlice(subject, generator, { operation: 'token', seconds })
  return { session, token }
}

interface SliceOptions {
  readonly operation: Operation
  readonly seconds: number
}

async function measureSlice(
  { port, credential, helper, database }: Subject,
  generator: Generator,
  { operation, seconds }: SliceOptions,
): Promise<StoreSlice> {
  const requests = Math.ceil(seconds * REQUESTS_PER_SECOND)
  const common = { port, credential, operation, requests, connections: CONNECTIONS }
  await generator.ask({ step: 'prepare', ...common })
  const usedByService = watchTree(helper.pid)
  const usedByDatabase = database?.pid === undefined ? undefined : watchTree(database.pid)
  const load = await generator.ask({ step: 'run', milliseconds: seconds * 1000 })
  const [service, own] = [usedByService(), usedByDatabase?.()]
  const isValid = load.replies > 0 && load.statuses[201] === load.replies
  if (isValid) await verifyAnswers(operation, load.samples, { port, credential })
  return {
    load,
    serviceMicroseconds: service / load.replies,
    databaseMicroseconds: own === undefined ? undefined : own / load.replies,
    isValid,
  }
}
