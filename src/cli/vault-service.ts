import { pino } from 'pino'
import { systemClock } from '../clock-and-random.ts'
import type { Config } from '../config.ts'
import type { HeldRootKey } from '../keys/root-key.ts'
import { createService, type Service } from '../service.ts'
import type { Store } from '../store/contract.ts'
import { joinTurns } from '../telemetry/join-turns.ts'
import { createLogger, type Logger } from '../telemetry/logger.ts'

// Keys kept back for merchants that have not had their share, when keys are scarce.
const RESERVE = 8
const BATCH = 32
// Node hands out smaller buffers as slices of a block of this size; a block of their own costs each of them an allocation.
const BUFFER_POOL_BYTES = 128 * 1024

/**
 * What a process that serves the vault is started with.
 *
 * Node's code on large pages, 24 MB, makes requests 5 % cheaper, as the CPU finds its way in it. A young generation without
 * this bound grows, in some processes, until the engine marks the whole heap every second of load, though little of it
 * is old: about 3 % of a token.
 */
export const SERVING_ARGUMENTS: readonly string[] = [
  '--use-largepages=silent',
  '--max-semi-space-size=32',
]

/** What the service of the vault is made of beside its configuration. */
export interface VaultParts {
  readonly store: Store
  readonly root: HeldRootKey
  readonly logger: Logger
}

/** Makes the service that one worker of the vault runs. Throws OperatorError as {@link createService} does. */
export function createVaultService(
  config: Config,
  { store, root, logger }: VaultParts,
): Promise<Service> {
  Buffer.poolSize = BUFFER_POOL_BYTES
  return createService({
    store,
    rootKey: root.current(),
    rereadRootKey: () => {
      root.renew()
      return root.current()
    },
    signingToken: root.signing,
    logger,
    publicOrigin: config.origin,
    sessionLimits: {
      tokens: config.tokensPerSession,
      attempts: config.attemptsPerSession,
      uses: config.usesPerToken,
    },
    poolPolicy: {
      batch: BATCH,
      reserve: RESERVE,
      waitMilliseconds: config.keyWaitMilliseconds,
      waiters: 256,
      waitersPerMerchant: 64,
      retryMilliseconds: 25,
    },
    rotation: { sessions: config.rotateSessions, seconds: config.rotateSeconds },
    toleranceSeconds: config.clockToleranceSeconds,
    isAllowedOrigin: (origin) => config.pageOrigins.includes(origin),
    checkNumber: () => undefined,
    // Only a release uses one.
    keepsSecurityCode: ({ entitled }) => entitled === true,
    explain: false,
    trustedProxies: config.proxies,
  })
}

/** The log of a process that serves. */
export interface ServingLog {
  readonly logger: Logger
  /** Writes what is held back. */
  flush(): void
}

/** Opens the log of a process that serves, on standard output; it writes in blocks, twice a second at least. */
export function openServingLog({ logLevel }: Pick<Config, 'logLevel'>): ServingLog {
  const block = pino.destination({ fd: 1, sync: false, minLength: 16_000 })
  setInterval(() => block.flush(), 500).unref()
  const destination = joinTurns(block)
  const logger = createLogger({ level: logLevel, now: systemClock, destination })
  const flush = (): void => {
    destination.flush()
    block.flushSync()
  }
  return { logger, flush }
}
