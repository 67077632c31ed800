import type { Config } from '../config.ts'
import { OperatorError } from '../errors.ts'
import type { SealingKey } from '../jose/seal.ts'
import { describeError, type Logger } from '../telemetry/logger.ts'
import { collectShares, describeTaken } from './ask-for-shares.ts'
import { openSecretLines } from './secret-lines.ts'
import { listenForShares, unlockSocketOf, type OfferShare } from './unlock-socket.ts'
import { openVaultStore, requireWritable } from './vault.ts'

/**
 * Waits until enough shares of the root key have come, by standard input or by the socket. Undefined when a signal ended
 * that before.
 *
 * @throws OperatorError when the store cannot be written, its root key is not split, or the socket cannot be made.
 */
export async function awaitShares(config: Config, logger: Logger): Promise<SealingKey | undefined> {
  const store = await openVaultStore(config)
  const { promise, resolve } = Promise.withResolvers<SealingKey | undefined>()
  const stop = (): void => resolve(undefined)
  process.once('SIGTERM', stop).once('SIGINT', stop)
  try {
    await requireWritable(config, store)
    const { set, collector } = await collectShares(store)
    const socket = unlockSocketOf(config)
    const offer: OfferShare = async (text) => {
      try {
        const taken = await collector.take(text)
        logger.info('a share of the root key was taken', {
          share: taken.number,
          missing: taken.missing,
        })
        if (taken.root !== undefined) resolve(taken.root)
        return { taken: true, says: describeTaken(taken), fix: '' }
      } catch (error) {
        return refuse(error, logger)
      }
    }
    const listening = await listenForShares(socket, offer)
    const { threshold: missing, shares } = set
    logger.info('locked: shares of the root key are needed', { missing, shares, socket })
    const input = readInput(offer)
    const root = await promise
    input.close()
    listening.close()
    if (root !== undefined) logger.info('unlocked: the root key is joined')
    return root
  } finally {
    process.off('SIGTERM', stop).off('SIGINT', stop)
    await store.close()
  }
}

function readInput(offer: OfferShare): { close(): void } {
  const lines = openSecretLines(
    'The vault is locked: paste shares of the root key, each with Enter. They are not shown.',
  )
  lines.on('line', (line) => {
    if (line.trim() !== '') void offer(line)
  })
  return lines
}

function refuse(error: unknown, logger: Logger): Awaited<ReturnType<OfferShare>> {
  if (error instanceof OperatorError) {
    const { problem, fix } = error
    logger.warn('a share of the root key was refused', { problem, fix })
    return { taken: false, says: problem, fix }
  }
  logger.error('a share of the root key cannot be checked', { error: describeError(error) })
  const fix = 'See the log of serve, then give it again; those that were taken stay.'
  return { taken: false, says: 'The share cannot be checked: the store does not answer.', fix }
}
