import { pino } from 'pino'
import { systemClock } from '../clock-and-random.ts'
import type { Config } from '../config.ts'
import { createService } from '../service.ts'
import { createLogger } from '../telemetry/logger.ts'
import { openRootKey } from './custody.ts'
import { receiveRootKey } from './hand-root-key.ts'
import { listen, listenSecurely } from './listen.ts'
import { addTls, tlsFiles } from './serve-tls.ts'
import { stopOnSignal } from './stop-on-signal.ts'
import { openVaultStore } from './vault.ts'
import { answerMetrics } from './worker-metrics.ts'

// Keys kept back for merchants that have not had their share, when keys are scarce.
const RESERVE = 8
const BATCH = 32
// Node hands out smaller buffers as slices of a block of this size; a block of their own costs each of them an allocation.
const BUFFER_POOL_BYTES = 128 * 1024

/** Runs one worker: a service on the shared listener. */
export async function runWorker(config: Config): Promise<void> {
  Buffer.poolSize = BUFFER_POOL_BYTES
  const destination = pino.destination({ fd: 1, sync: false, minLength: 16_000 })
  setInterval(() => destination.flush(), 500).unref()
  const logger = createLogger({ level: config.logLevel, now: systemClock, destination })
  const store = await openVaultStore(config)
  const root = await openRootKey(config, receiveRootKey)
  const service = await createService({
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
    explain: false,
    trustedProxies: config.proxies,
  })
  answerMetrics(service.metrics)
  const files = tlsFiles(config)
  if (files === undefined) await listen(service.app, config)
  else await listenSecurely(addTls(service.app, files, logger), config, '--port')
  stopOnSignal(async () => {
    await service.close()
    await store.close()
    destination.flushSync()
  }, config)
}
