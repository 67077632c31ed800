import { strict as assert } from 'node:assert'
import { test, type TestContext } from 'node:test'

import { createReleaseTrail, type ReleaseTrail } from '../../src/audit/release-trail.ts'
import {
  readReleases,
  verifyReleases,
  type ReleaseReport,
} from '../../src/audit/verify-releases.ts'
import { systemRandom } from '../../src/clock-and-random.ts'
import { createSealingKey, loadSealer } from '../../src/keys/sealing-keys.ts'
import { resealLasting } from '../../src/keys/reseal.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { Store, StoredRecord } from '../../src/store/contract.ts'
import { sealedWrite, type Sealer } from '../../src/store/sealed-records.ts'
import { makeRootKey } from '../flow.ts'
import { createTestClock } from '../store/clock.ts'

interface Started {
  readonly store: Store
  readonly sealer: Sealer
  readonly trail: ReleaseTrail
  append(count: number): Promise<readonly string[]>
  report(known?: Parameters<typeof verifyReleases>[1]): Promise<ReleaseReport>
  records(): Promise<readonly StoredRecord[]>
}

const RELEASE = {
  correlationId: 'c',
  merchantId: 'shop-1',
  keyId: 'key-1',
  kid: 'psp',
  jtiHash: '0123456789ab',
  securityCode: true,
}

async function start(t: TestContext): Promise<Started> {
  const { now } = createTestClock()
  const store = createMemoryStore(now)
  t.after(() => store.close())
  const rootKey = makeRootKey()
  await createSealingKey(store, rootKey, systemRandom)
  const sealer = await loadSealer(store, rootKey, systemRandom)
  const trail = createReleaseTrail({
    store,
    sealer,
    now,
    random: systemRandom,
    note: () => {},
  })
  const append = (count: number): Promise<readonly string[]> =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const appended = await trail.append(RELEASE, [])
        assert.ok(appended)
        return `${appended.entry.chain}:${appended.entry.sequence}:${appended.hash}`
      }),
    )
  return {
    store,
    sealer,
    trail,
    append,
    report: async (known) => verifyReleases(await readReleases(store, sealer), known),
    records: () => store.list('release'),
  }
}

function headOf(text: string): { chain: string; sequence: number; hash: string } {
  const [chain = '', sequence, hash = ''] = text.split(':')
  return { chain, sequence: Number(sequence), hash }
}

test('entries that are appended at once form one chain, whole and in order', async (t) => {
  const { append, report } = await start(t)
  const heads = await append(20)
  const { entries, heads: found, faults } = await report(heads.map(headOf))
  assert.deepEqual([entries, faults], [20, []])
  assert.deepEqual(found, [headOf(heads.at(-1) ?? '')])
})

test('an entry that is refused leaves no gap', async (t) => {
  const { trail, append, report } = await start(t)
  await append(1)
  const guard = { op: 'count', kind: 'security-code', name: 'x', limits: { issued: 1 } } as const
  assert.equal(await trail.append(RELEASE, [guard]), undefined)
  await append(1)
  const { entries, heads, faults } = await report()
  assert.deepEqual([entries, heads.length, faults], [2, 1, []])
})

test('an entry that was removed, moved, changed or put in another’s place is found', async (t) => {
  const spoil: readonly ((
    started: Started,
    records: readonly StoredRecord[],
  ) => Promise<unknown>)[] = [
    ({ store }, [, second]) =>
      store.write([{ op: 'delete', kind: 'release', name: second?.name ?? '' }]),
    ({ store }, [first]) =>
      store.write([{ op: 'delete', kind: 'release', name: first?.name ?? '' }]),
    ({ store }, [first, second]) =>
      store.write([put(second?.name, first?.value ?? Buffer.alloc(0))]),
    ({ store }, [, second]) => {
      const value = Buffer.from(second?.value ?? '')
      value[value.length - 1] = (value.at(-1) ?? 0) ^ 1
      return store.write([put(second?.name, value)])
    },
    // By somebody who has the sealing keys, but not what comes after.
    ({ store, sealer }, [, second]) => {
      const { name = '' } = second ?? {}
      const content = Buffer.from(
        JSON.stringify({ v: 1, ...RELEASE, chain: name.slice(0, 36), sequence: 2, previous: '' }),
      )
      const record = { kind: 'release', name, owner: 'x', expiresAt: undefined, content } as const
      return store.write([sealedWrite('put', record, sealer)])
    },
  ]
  for (const change of spoil) {
    const started = await start(t)
    await started.append(3)
    await change(started, await started.records())
    const { faults } = await started.report()
    assert.notEqual(faults.length, 0)
  }
})

function put(name = '', value: Buffer): Parameters<Store['write']>[0][number] {
  return { op: 'put', kind: 'release', name, expiresAt: undefined, value }
}

test('what was cut off the end is found by a head that the log has', async (t) => {
  const { store, append, report, records } = await start(t)
  const heads = await append(3)
  const [, , last] = await records()
  await store.write([{ op: 'delete', kind: 'release', name: last?.name ?? '' }])
  assert.deepEqual((await report()).faults, [])
  const { faults } = await report(heads.map(headOf))
  assert.deepEqual(faults, [{ name: last?.name, problem: 'is missing' }])
})

test('a head of another history is found', async (t) => {
  const { append, report } = await start(t)
  const [head = ''] = await append(1)
  const other = { ...headOf(head), hash: '0'.repeat(64) }
  assert.equal((await report([other])).faults[0]?.problem, 'is not the one of that head')
})

test('the trail is sealed anew like what lasts, and stays whole', async (t) => {
  const { store, sealer, append, records } = await start(t)
  await append(60)
  const before = await records()
  await resealLasting({ store, sealer }, new Set())
  assert.deepEqual(await records(), before, 'nothing is due')
  const rootKey = makeRootKey()
  const others = createMemoryStore(createTestClock().now)
  await createSealingKey(others, rootKey, systemRandom)
  const next = await loadSealer(others, rootKey, systemRandom)
  const both: Sealer = {
    ...next,
    active: next.active,
    find: (id) => sealer.find(id) ?? next.find(id),
    randomBytes: (count) => next.randomBytes(count),
  }
  await resealLasting({ store, sealer: both }, new Set([sealer.active.id]))
  const { entries, faults } = verifyReleases(await readReleases(store, next))
  assert.deepEqual([entries, faults], [60, []])
})
