// The process that mints session keys, as the helper of `coatcheck serve` does, and measures what that costs.

import { generateKeyPairSync } from 'node:crypto'
import { encodeSessionKey } from '../../src/keys/session-key-material.ts'
import { answerQuestions } from '../helper.ts'

/** How many keys to mint. */
export interface MintQuestion {
  readonly count: number
}

/** What was minted. */
export interface Minted {
  /** The material of each key, as the pool seals it. */
  readonly materials: readonly Uint8Array[]
  readonly cpuMicroseconds: number
}

answerQuestions(({ count }: MintQuestion): Minted => {
  const before = process.cpuUsage()
  const materials = Array.from({ length: count }, () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    return encodeSessionKey(privateKey)
  })
  const { user, system } = process.cpuUsage(before)
  return { materials, cpuMicroseconds: user + system }
})
