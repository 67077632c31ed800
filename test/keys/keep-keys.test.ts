import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { systemRandom } from '../../src/clock-and-random.ts'
import { createAuditKey } from '../../src/keys/audit-keys.ts'
import { createKeyKeeper, type KeyKeeper } from '../../src/keys/keep-keys.ts'
import { auditPolicy, sealingPolicy, signingPolicy } from '../../src/keys/plan.ts'
import { holdRootKey } from '../../src/keys/root-key.ts'
import { createSealingKey, loadSealer } from '../../src/keys/sealing-keys.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { sealedWrite } from '../../src/store/sealed-records.ts'
import type { Store } from '../../src/store/contract.ts'
import { makeRootKey } from '../flow.ts'
import { createTestClock, type TestClock } from '../store/clock.ts'

const DAY = 86_400
const POLICIES = {
  'signing-key': signingPolicy(90 * DAY, 60),
  'sealing-key': sealingPolicy(90 * DAY, 60),
  'audit-key': auditPolicy(90 * DAY, 60),
} as const

interface Started {
  readonly store: Store
  readonly clock: TestClock
  readonly keeper: KeyKeeper
}

/** A store with keys, and a record that lasts whose seal is broken. */
async function startBroken(): Promise<Started> {
  const clock = createTestClock()
  const store = createMemoryStore(clock.now)
  const rootKey = makeRootKey()
  const random = { ...systemRandom, now: clock.now }
  await createSealingKey(store, rootKey, random)
  const sealer = await loadSealer(store, rootKey, random)
  await createAuditKey(store, sealer, random)
  const place = { kind: 'certificate', name: 'x', owner: 'shop-1', expiresAt: undefined } as const
  const write = sealedWrite('put-new', { ...place, content: Buffer.from('x') }, sealer)
  if ('value' in write)
    write.value.writeUInt8((write.value.at(-1) ?? 0) ^ 1, write.value.length - 1)
  await store.write([write])
  const root = holdRootKey(rootKey)
  return { store, clock, keeper: createKeyKeeper({ store, root, now: clock.now, random }) }
}

test('what cannot be sealed anew holds up no key of another kind', async () => {
  const { clock, keeper } = await startBroken()
  const before = await keeper.list('audit-key')
  const faults: unknown[] = []
  for (let day = 0; day < 100; day += 1) {
    await keeper.keep(POLICIES, (error) => faults.push(error))
    clock.advance(DAY)
  }
  assert.ok(faults.length > 0)
  assert.ok((await keeper.list('audit-key')).length > before.length)
})
