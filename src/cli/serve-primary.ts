import cluster, { type Worker } from 'node:cluster'
import { availableParallelism } from 'node:os'
import { Registry } from 'prom-client'
import { systemClock, systemRandom } from '../clock-and-random.ts'
import type { Config } from '../config.ts'
import { createOperatorApp } from '../http/operator-routes.ts'
import type { SealingKey } from '../jose/seal.ts'
import { startMinting, type Minting } from '../keys/minting.ts'
import { createKeyKeeper } from '../keys/keep-keys.ts'
import { openLiveKeys } from '../keys/live-keys.ts'
import { SITE } from '../service.ts'
import type { Store } from '../store/contract.ts'
import { createWriteProbe } from '../store/probe-writes.ts'
import { createLogger, describeError, type Logger } from '../telemetry/logger.ts'
import { addGauge } from '../telemetry/metrics.ts'
import { checkReadiness } from '../http/check-readiness.ts'
import { awaitShares } from './await-shares.ts'
import { answerRootKey } from './hand-root-key.ts'
import { startKeepingKeys } from './keep-keys.ts'
import { keyPolicies } from './keeper.ts'
import { HARDENED_ARGUMENTS } from './harden-process.ts'
import { listen } from './listen.ts'
import { createPrinter, EXIT } from './print.ts'
import { checkLockedRequirements, checkRequirements } from './serve-requirements.ts'
import { noteForeignCertificate, tlsFiles } from './serve-tls.ts'
import { longestAfterDrain, stopOnSignal } from './stop-on-signal.ts'
import { SERVING_ARGUMENTS } from './vault-service.ts'
import { openVaultRootKey, openVaultStore } from './vault.ts'
import { watchHsm } from './watch-hsm.ts'
import { collectMetrics } from './worker-metrics.ts'
import { createWorkers } from './workers.ts'

const WORKER_ARGUMENTS = [...HARDENED_ARGUMENTS, ...SERVING_ARGUMENTS]
const PURGE_EVERY_MILLISECONDS = 30_000

/** Runs the primary process: checks, minting, purging, the operators' listener, and the workers that do the rest. */
export async function runPrimary(config: Config, json: boolean): Promise<void> {
  const logger = createLogger({
    level: config.logLevel,
    now: systemClock,
    destination: process.stdout,
  })
  const isSplit = config.rootKeyIn === 'shares'
  const joined = isSplit ? await unlock(config, logger) : undefined
  await checkRequirements(config, joined)
  const store = await openVaultStore(config, (durability) => logger.info(durability))
  noteForeignCertificate(config, logger)
  const housekeeping = await startHousekeeping({ config, joined }, store, logger)
  cluster.setupPrimary({
    execArgv: [...new Set([...process.execArgv, ...WORKER_ARGUMENTS])],
    serialization: isSplit ? 'advanced' : 'json',
  })
  const workers = createWorkers(config.workers || availableParallelism(), {
    fork: () => forkWorker(joined),
    onCrash: (worker, end) =>
      logger.error('a worker ended and is replaced', { worker: worker.id, ...end }),
  })
  const hsm = await watchHsm(config)
  const takesWrites = createWriteProbe(store, systemClock)
  let draining = false
  const operators = createOperatorApp({
    readiness: async () => {
      const needs = { store, takesWrites, hsm }
      const readiness = await checkReadiness(needs, housekeeping.minting.status())
      return { ...readiness, ready: readiness.ready && !draining && workers.listening().length > 0 }
    },
    metrics: async () => {
      const ofWorkers = await collectMetrics(workers.listening())
      return `${ofWorkers}\n${await describePools(housekeeping.minting)}`
    },
  })
  const longestMilliseconds = longestAfterDrain(config.drainMilliseconds)
  stopOnSignal(
    async (signal) => {
      draining = true
      // Whoever does not want to wait for the drain says so with a second signal.
      process.once('SIGINT', () => void workers.stop('SIGINT'))
      await workers.stop(signal)
      await operators.close()
      await housekeeping.stop()
      await store.close()
    },
    { longestMilliseconds },
  )
  const port = await workers.start()
  const { operatorHost, operatorPort } = config
  const operatorsAt = { host: operatorHost, port: operatorPort }
  const operatorUrl = await listen(operators, operatorsAt, '--operator-port')
  const { origin, host } = config
  const tls = tlsFiles(config) !== undefined
  const text = [
    `Coatcheck serves ${origin} on ${host}:${port}${tls ? ' with TLS' : ''}; operators: ${operatorUrl}/readyz`,
    'Session keys are minted in the background: /readyz says how many are ready. Ctrl-C stops it. The log:',
  ].join('\n')
  createPrinter(json).result(text, { ready: true, origin, host, port, tls, operatorUrl })
}

/** Waits for the shares of the root key, once all that they are not needed for is in order. */
async function unlock(config: Config, logger: Logger): Promise<SealingKey> {
  checkLockedRequirements(config)
  return (await awaitShares(config, logger)) ?? process.exit(EXIT.done)
}

/** A worker that is started later, in the place of another, gets the root key like the first. */
function forkWorker(joined: SealingKey | undefined): Worker {
  const worker = cluster.fork()
  if (joined !== undefined) answerRootKey(worker, joined)
  return worker
}

interface Housekeeping {
  readonly minting: Minting
  stop(): Promise<void>
}

async function startHousekeeping(
  { config, joined }: { readonly config: Config; readonly joined: SealingKey | undefined },
  store: Store,
  logger: Logger,
): Promise<Housekeeping> {
  const onFault = (error: unknown): void =>
    logger.error('housekeeping failed', { error: describeError(error) })
  const root = await openVaultRootKey(config, store, joined)
  const machine = { store, root, now: systemClock, random: systemRandom }
  const keys = await openLiveKeys({ ...machine, onFault })
  const minting = startMinting({
    store,
    sealer: keys.sealer,
    now: systemClock,
    site: SITE.digits,
    targets: { 'pool-key': config.poolTarget, 'rotated-pool-key': config.rotatedPoolTarget },
    onFault,
    onRecovery: () => logger.info('the store works again: session keys are minted'),
  })
  const purging = setInterval(() => {
    store.purge().catch(onFault)
  }, PURGE_EVERY_MILLISECONDS)
  const stopKeeping = startKeepingKeys({
    keeper: createKeyKeeper(machine),
    policies: keyPolicies(config),
    logger,
    onFault,
  })
  const stop = async (): Promise<void> => {
    clearInterval(purging)
    await Promise.all([minting.stop(), stopKeeping(), keys.close()])
  }
  return { minting, stop }
}

/** The metrics of the pools, which only the primary looks at. */
function describePools(minting: Minting): Promise<string> {
  const own = new Registry()
  const pools = { onetime: 'pool-key', rotated: 'rotated-pool-key' } as const
  for (const [name, kind] of Object.entries(pools)) {
    const pool = (): ReturnType<Minting['status']>['pool-key'] => minting.status()[kind]
    addGauge(own, {
      name: `coatcheck_pool_${name}_keys`,
      help: 'Session keys in the pool.',
      read: () => pool().depth,
    })
    addGauge(own, {
      name: `coatcheck_pool_${name}_oldest_seconds`,
      help: 'Age of the oldest key in the pool.',
      read: () => pool().oldestSeconds,
    })
  }
  return own.metrics()
}
