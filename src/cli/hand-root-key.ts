import type { Worker } from 'node:cluster'
import type { SealingKey } from '../jose/seal.ts'
import { toRootKey } from '../keys/root-key.ts'
import { isJsonObject } from '../protocol/parse.ts'

const QUESTION = 'root key'

/**
 * Hands the root key that was joined from shares to a worker, when that asks for it. Both must speak the serialization
 * `advanced`, in which bytes stay bytes that can be wiped.
 */
export function answerRootKey(worker: Worker, root: SealingKey): void {
  worker.on('message', (message: unknown) => {
    if (message !== QUESTION) return
    const rootKey = root.key.export()
    // A worker that has died asks anew after its restart.
    worker.send({ rootKey }, () => rootKey.fill(0))
  })
}

/** Asks the primary for the root key; runs in a worker. */
export function receiveRootKey(): Promise<SealingKey> {
  return new Promise((resolve) => {
    const onMessage = (message: unknown): void => {
      if (!isJsonObject(message) || !(message['rootKey'] instanceof Uint8Array)) return
      process.off('message', onMessage)
      resolve(toRootKey(message['rootKey']))
    }
    process.on('message', onMessage)
    process.send?.(QUESTION)
  })
}
