import { setTimeout as delay } from 'node:timers/promises'
import type { CreateSessionNeeds } from '../actions/create-session.ts'
import type { CreateTokenNeeds } from '../actions/create-token.ts'
import type { Audit } from '../audit/audit.ts'
import type { Now } from '../clock-and-random.ts'
import type { RunRsa } from '../jose/rsa-queue.ts'
import { LIFETIME_SECONDS } from '../protocol/capture-context.ts'
import type { Wrappers } from '../service.ts'
import type { Store } from '../store/contract.ts'
import { traced, type Trace } from '../telemetry/trace.ts'
import { noteStep, type Exchange, type Exchanges } from './exchange.ts'
import { faultError, isError } from './fault-error.ts'
import type { Fault, Stage } from './fault.ts'
import type { Faults } from './faults.ts'
import { tamperedSigner } from './tamper.ts'

interface FaultNeeds {
  readonly exchanges: Exchanges
  readonly faults: Faults
}

/** What is put around the service, so that requests meet their faults. */
export interface FaultWrappers extends Wrappers {
  /** Wraps the store through which requests are answered. */
  store(store: Store): Store
  /** Wraps the clock by which signatures are checked. */
  signatures(now: Now): Now
}

/** Makes the wrappers. What runs outside of any request meets nothing. */
export function createFaultWrappers(needs: FaultNeeds): FaultWrappers {
  const { exchanges } = needs
  return {
    authenticate: (inner) => wrapAuthenticate(needs, inner),
    createSession: (inner) => wrapCreateSession(needs, inner),
    createToken: (inner) => wrapCreateToken(needs, inner),
    store: (inner) => ({
      ...inner,
      get: async (kind, name) => {
        await enter(needs, 'store')
        return inner.get(kind, name)
      },
      write: async (batch) => {
        await enter(needs, 'store')
        return inner.write(batch)
      },
    }),
    signatures: (now) => () => shift(now(), exchanges.current()?.signatureSkewSeconds ?? 0),
  }
}

type Authenticate = Parameters<Wrappers['authenticate']>[0]

function wrapAuthenticate(needs: FaultNeeds, inner: Authenticate): Authenticate {
  return async function authenticate(request) {
    const exchange = needs.exchanges.current()
    if (exchange === undefined) return inner(request)
    const trace: Trace = (step) => noteStep(exchange, step)
    const found = await traced(trace, 'authenticate', async () => {
      exchange.signatureSkewSeconds = sumOfSkews(await enter(needs, 'authenticate'))
      return inner(request)
    })
    exchange.merchant = found.merchant.id
    exchange.scheme = found.scheme
    return found
  }
}

function wrapCreateSession(needs: FaultNeeds, inner: CreateSessionNeeds): CreateSessionNeeds {
  const { exchanges } = needs
  return {
    ...inner,
    now: skewed(needs, inner.now),
    nextSessionKey: async (merchant) => {
      await enter(needs, 'key-pool')
      const jwk = await inner.nextSessionKey(merchant)
      prepareSigning(needs)
      return jwk
    },
    signingKeys: {
      get active() {
        const exchange = exchanges.current()
        const { active } = inner.signingKeys
        return exchange === undefined ? active : tamperedSigner(active, exchange)
      },
    },
    runRsa: (operation) => sign(needs, inner.runRsa, operation),
    audit: auditing(needs, inner.audit),
  }
}

function wrapCreateToken(needs: FaultNeeds, inner: CreateTokenNeeds): CreateTokenNeeds {
  const { exchanges } = needs
  return {
    ...inner,
    now: skewed(needs, inner.now),
    sessionKeys: {
      find: async (kid) => {
        const exchange = exchanges.current()
        if (exchange !== undefined) exchange.kid = kid
        const key = await inner.sessionKeys.find(kid)
        const isKey = exchange !== undefined && typeof key === 'object'
        return isKey ? tamperedSigner(key, exchange) : key
      },
    },
    // Of the two operations with a token's private key the first decrypts, the second signs.
    runRsa: (operation) => {
      const exchange = exchanges.current()
      if (exchange === undefined) return inner.runRsa(operation)
      exchange.rsaRuns += 1
      const run = exchange.rsaRuns === 1 ? decrypt : sign
      return run(needs, inner.runRsa, operation)
    },
    audit: auditing(needs, inner.audit),
  }
}

/** Lets the request at hand meet its faults at a stage; returns those that the stage itself has to heed. */
async function enter({ exchanges, faults }: FaultNeeds, stage: Stage): Promise<readonly Fault[]> {
  const exchange = exchanges.current()
  return exchange === undefined ? [] : meet(faults.take(stage, exchange), exchange)
}

/** Takes the faults of signing when it is next, before the time is read: some of them are about that. */
function prepareSigning({ exchanges, faults }: FaultNeeds): void {
  const exchange = exchanges.current()
  if (exchange === undefined) return
  exchange.signFaults = faults.take('sign', exchange)
  exchange.skewSeconds = sumOfSkews(exchange.signFaults)
}

async function decrypt<Result>(
  needs: FaultNeeds,
  runRsa: RunRsa,
  operation: () => Result,
): Promise<Awaited<Result>> {
  await enter(needs, 'decrypt')
  const plaintext = await runRsa(operation)
  prepareSigning(needs)
  return plaintext
}

async function sign<Result>(
  { exchanges }: FaultNeeds,
  runRsa: RunRsa,
  operation: () => Result,
): Promise<Awaited<Result>> {
  const exchange = exchanges.current()
  if (exchange === undefined) return runRsa(operation)
  await meet(exchange.signFaults, exchange)
  return runRsa(() => {
    exchange.isSigning = true
    try {
      return operation()
    } finally {
      exchange.isSigning = false
    }
  })
}

function skewed({ exchanges }: FaultNeeds, now: Now): Now {
  return () => shift(now(), exchanges.current()?.skewSeconds ?? 0)
}

/** The audit is the last thing before the answer, and of a session the only one that owes the store anything. */
function auditing(needs: FaultNeeds, audit: Audit): Audit {
  return {
    record: async (entry) => {
      await enter(needs, 'store')
      return audit.record(entry)
    },
  }
}

/** Meets faults: waits for as long as they want, then throws the first error among them. Returns the others. */
export async function meet(
  met: readonly Fault[],
  exchange: Exchange | undefined,
): Promise<readonly Fault[]> {
  const milliseconds = met.reduce((sum, fault) => sum + (fault.milliseconds ?? 0), 0)
  if (milliseconds > 0) await delay(milliseconds)
  const error = met.find(isError)
  if (error !== undefined && exchange !== undefined) throw faultError(error, exchange)
  return met
}

// Of a JWT that was issued so long ago, nothing is left.
const EXPIRED_SECONDS = -(LIFETIME_SECONDS + 60)

function sumOfSkews(met: readonly Fault[]): number {
  return met.reduce(
    (sum, { kind, seconds = 0 }) => sum + (kind === 'expired-context' ? EXPIRED_SECONDS : seconds),
    0,
  )
}

function shift(time: Date, seconds: number): Date {
  return seconds === 0 ? time : new Date(time.getTime() + seconds * 1000)
}
