import type { Config } from '../config.ts'
import { OperatorError } from '../errors.ts'
import { openRootKey } from './custody.ts'
import { explainStoreError } from './explain-store-error.ts'
import { receiveRootKey } from './hand-root-key.ts'
import { listen, listenSecurely } from './listen.ts'
import { EXIT } from './print.ts'
import { addTls, tlsFiles } from './serve-tls.ts'
import { tellStartFailure } from './start-failure.ts'
import { stopOnSignal } from './stop-on-signal.ts'
import { createVaultService, openServingLog } from './vault-service.ts'
import { openVaultStore } from './vault.ts'
import { answerMetrics } from './worker-metrics.ts'

/** Starts one worker. Of several that cannot start for the same reason, none says so: the primary does. */
export async function startWorker(config: Config): Promise<void> {
  try {
    await runWorker(config)
  } catch (thrown) {
    const error = explainStoreError(thrown)
    if (!(error instanceof OperatorError)) throw error
    await tellStartFailure(error)
    process.exit(EXIT.problem)
  }
}

/** Runs one worker: a service on the shared listener. */
async function runWorker(config: Config): Promise<void> {
  const { logger, flush } = openServingLog(config)
  const store = await openVaultStore(config)
  const root = await openRootKey(config, receiveRootKey)
  const service = await createVaultService(config, { store, root, logger })
  answerMetrics(service.metrics)
  const files = tlsFiles(config)
  if (files === undefined) await listen(service.app, config)
  else await listenSecurely(addTls(service.app, files, logger), config, '--port')
  stopOnSignal(async () => {
    await service.close()
    await store.close()
    flush()
  }, config)
}
