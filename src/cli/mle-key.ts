import { systemClock, systemRandom } from '../clock-and-random.ts'
import { newestMleKey, storeMleKey, type MleKey } from '../keys/mle-keys.ts'
import { drawSerialNumber } from './draw-serial-number.ts'
import type { Vault } from './vault.ts'

type Opened = Pick<Vault, 'store' | 'sealer'>

/** Returns the key to which merchants encrypt requests; makes it in a store of before there were any. */
export async function ensureMleKey(vault: Opened): Promise<MleKey> {
  return (await newestMleKey(vault.store, vault.sealer)) ?? addMleKey(vault)
}

/** Makes a key to which merchants encrypt requests; earlier ones still decrypt. */
export async function addMleKey({ store, sealer }: Opened): Promise<MleKey> {
  const { createMleKey } = await import('../certificates/create-mle-key.ts')
  const kid = drawSerialNumber(systemRandom)
  const key = await createMleKey({ kid, now: systemClock, random: systemRandom })
  await storeMleKey(store, sealer, key)
  return key
}
