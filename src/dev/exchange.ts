import { AsyncLocalStorage } from 'node:async_hooks'
import type { LogFields, Logger } from '../telemetry/logger.ts'
import type { Trace } from '../telemetry/trace.ts'
import { isJsonObject, stringMember } from '../protocol/parse.ts'
import type { Fault } from './fault.ts'

/** One step that a request took, and when it was done, counted from the arrival of the request. */
export interface TimedStep {
  readonly step: string
  readonly outcome: 'passed' | 'refused'
  readonly reason?: string
  readonly milliseconds: number
}

/** Why a request was refused, as the service logged it. */
export interface Refusal {
  readonly code: string
  readonly details: readonly unknown[]
  readonly explanation: LogFields | null
}

/** One request on its way through the emulator: what is learnt of it, and what faults have planned for it. */
export interface Exchange {
  readonly method: string
  /** The raw request target. */
  readonly target: string
  /** The name of the operation that the target leads to. Undefined when there is none. */
  readonly operation: string | undefined
  /** By the platform's steady clock. */
  readonly startedAt: number
  readonly steps: TimedStep[]
  /** The ids of the faults that it has met: each meets it once. */
  readonly met: Set<string>
  /** As it says itself, once it has been authenticated as that was found. */
  merchant?: string | undefined
  scheme?: string
  refusal?: Refusal
  /** The kid of the session's key. */
  kid?: string
  /** True while the JWT of the reply is being signed. */
  isSigning: boolean
  /** How many operations with a private key were begun. */
  rsaRuns: number
  /** Taken when signing is next. */
  signFaults: readonly Fault[]
  /** How far the clock by which it is answered is off. */
  skewSeconds: number
  /** How far the clock by which its signature is checked is off. */
  signatureSkewSeconds: number
}

/** Knows which request the code that runs now works for. */
export interface Exchanges {
  /** Runs what answers a request. */
  run(exchange: Exchange, answer: () => void): void
  /** The request at hand; undefined outside of any. */
  current(): Exchange | undefined
}

/** Makes the memory of the request at hand. */
export function createExchanges(): Exchanges {
  const storage = new AsyncLocalStorage<Exchange>()
  return {
    run: (exchange, answer) => storage.run(exchange, answer),
    current: () => storage.getStore(),
  }
}

/** Notes a step of a request. */
export function noteStep(exchange: Exchange, step: Omit<TimedStep, 'milliseconds'>): void {
  exchange.steps.push({ ...step, milliseconds: sinceStart(exchange) })
}

/** Returns the milliseconds since a request arrived, to a tenth. */
export function sinceStart({ startedAt }: Exchange): number {
  return Math.round((performance.now() - startedAt) * 10) / 10
}

/** Makes the trace that notes each step at the request that takes it. */
export function traceExchanges(exchanges: Exchanges): Trace {
  return (step) => {
    const exchange = exchanges.current()
    if (exchange !== undefined) noteStep(exchange, step)
  }
}

/** Makes a logger that writes to another one, and notes at the request at hand what the service says of it. */
export function listenToLog(logger: Logger, exchanges: Exchanges): Logger {
  const noteRefusal = (message: string, fields: LogFields): void => {
    const exchange = exchanges.current()
    if (exchange !== undefined && NOTED.has(message)) exchange.refusal = readRefusal(fields)
  }
  return {
    info: (message, fields = {}) => {
      logger.info(message, fields)
      if (message === 'audit') noteAudit(exchanges.current(), fields['audit'])
    },
    warn: (message, fields = {}) => {
      logger.warn(message, fields)
      noteRefusal(message, fields)
    },
    error: (message, fields = {}) => {
      logger.error(message, fields)
      noteRefusal(message, fields)
    },
  }
}

const NOTED: ReadonlySet<string> = new Set(['refused', 'failed'])

function readRefusal(fields: LogFields): Refusal {
  const { details, explanation } = fields
  return {
    code: stringMember(fields, 'code') ?? 'INTERNAL_ERROR',
    details: Array.isArray(details) ? details : [],
    explanation: isJsonObject(explanation) ? explanation : null,
  }
}

const OF_SESSIONS: ReadonlySet<string> = new Set(['session.opened', 'token.issued'])

function noteAudit(exchange: Exchange | undefined, entry: unknown): void {
  if (exchange === undefined || !isJsonObject(entry)) return
  const [merchantId, kid] = [stringMember(entry, 'merchantId'), stringMember(entry, 'kid')]
  if (merchantId !== undefined) exchange.merchant = merchantId
  // Of a release it is the key of its recipient.
  if (kid !== undefined && OF_SESSIONS.has(stringMember(entry, 'event') ?? '')) exchange.kid = kid
}
