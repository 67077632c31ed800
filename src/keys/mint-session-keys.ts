// The minting process: takes one order by message, hands over one sealed key a message, ends.

import { createSecretKey } from 'node:crypto'
import { setPriority } from 'node:os'
import { epochSeconds, systemClock, systemRandom } from '../clock-and-random.ts'
import { mintSessionKey, type MintedKey, type MintOrder } from './mint-order.ts'

async function mint(order: MintOrder): Promise<void> {
  setPriority(order.niceness)
  const sealingKey = { id: order.sealingKeyId, key: createSecretKey(order.sealingKey) }
  order.sealingKey.fill(0)
  for (let minted = 0; minted < order.count; minted += 1) {
    const needs = { ...systemRandom, sealingKey, seconds: epochSeconds(systemClock) }
    await handOver(mintSessionKey(order.kind, order.site, { ...needs, randomBytes: needs.bytes }))
  }
  process.disconnect()
}

function handOver(key: MintedKey): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(key, undefined, undefined, (error) =>
      error === null ? resolve() : reject(error),
    )
  })
}

// Whoever ordered is gone: nothing is left to do.
process.on('disconnect', () => process.exit(0))
process.once('message', (order: MintOrder) => {
  mint(order).catch(() => process.exit(1))
})
