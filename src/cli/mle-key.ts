import { systemClock, systemRandom } from '../clock-and-random.ts'
import { newestMleKey, storeMleKey, type MleKey } from '../keys/mle-keys.ts'
import { drawSerialNumber } from './draw-serial-number.ts'
import type { Vault } from './vault.ts'

type Opened = Pick<Vault, 'store' | 'sealer'>

/** Returns the key to which merchants encrypt requests; makes it in a store of before there were any. */
export async function ensureMleKey(vault: Opened): Promise<MleKey> {
  const { store, sealer } = vault
  const newest = await newestMleKey(store, sealer)
  if (newest !== undefined) return newest
  const made = await makeMleKey()
  await storeMleKey(store, sealer, made)
  return made
}

/** Makes a key to which merchants encrypt requests. It is stored nowhere; once it is, earlier ones still decrypt. */
export async function makeMleKey(): Promise<MleKey> {
  const { createMleKey } = await import('../certificates/create-mle-key.ts')
  const kid = drawSerialNumber(systemRandom)
  return createMleKey({ kid, now: systemClock, random: systemRandom })
}
