import { strict as assert } from 'node:assert'
import { test } from 'node:test'

import { systemClock } from '../../src/clock-and-random.ts'
import { ServiceError } from '../../src/errors.ts'
import { checkReadiness } from '../../src/http/check-readiness.ts'
import type { Store } from '../../src/store/contract.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { createWriteProbe } from '../../src/store/probe-writes.ts'

const POOL = { depth: 1, target: 2, oldestSeconds: 3 }
const POOLS = { 'pool-key': POOL, 'rotated-pool-key': POOL }

function refuse(): Promise<never> {
  return Promise.reject(new ServiceError('STORE_UNAVAILABLE', { cause: new Error('/secret/path') }))
}

async function checksOf(spoilt: Partial<Store>): Promise<unknown> {
  const store = { ...createMemoryStore(systemClock), ...spoilt }
  const takesWrites = createWriteProbe(store, systemClock)
  const { ready, checks } = await checkReadiness({ store, takesWrites }, POOLS)
  return { ready, store: checks['store'] }
}

test('a store that cannot be read, or written, is not ready, and why is told in a word', async () => {
  const depth = async () => ({ count: 1, earliestExpiry: undefined })
  assert.deepEqual(await checksOf({ depth }), { ready: true, store: 'ok' })
  const unwritable = await checksOf({ depth, write: refuse })
  assert.deepEqual(unwritable, { ready: false, store: 'cannot be written' })
  const silent = await checksOf({ depth: refuse, write: refuse })
  assert.deepEqual(silent, { ready: false, store: 'does not answer' })
})

test('however often readiness is asked for, it writes once a second at most', async () => {
  const store = createMemoryStore(systemClock)
  let writes = 0
  const write: Store['write'] = (batch) => {
    writes += 1
    return store.write(batch)
  }
  const takesWrites = createWriteProbe({ write }, systemClock)
  const beganAt = performance.now()
  await Promise.all(Array.from({ length: 100 }, takesWrites))
  for (let asked = 0; asked < 100; asked += 1) assert.equal(await takesWrites(), true)
  assert.ok(writes <= 1 + Math.floor((performance.now() - beganAt) / 1000), `${writes} writes`)
})
