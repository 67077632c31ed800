import { strict as assert } from 'node:assert'
import { test, type TestContext } from 'node:test'

import { encodeReleaseEntry } from '../../src/audit/release-entry.ts'
import { createReleaseTrail } from '../../src/audit/release-trail.ts'
import {
  formatSignedHead,
  parseHead,
  readSignedHeads,
  signedHeadWrite,
  signHead,
} from '../../src/audit/signed-head.ts'
import {
  readReleases,
  verifyReleases,
  type ReleaseReport,
} from '../../src/audit/verify-releases.ts'
import { systemRandom } from '../../src/clock-and-random.ts'
import { createAuditKey, findHeadSigner, readHeadVerifier } from '../../src/keys/audit-keys.ts'
import { createKeyKeeper, type KeyKeeper } from '../../src/keys/keep-keys.ts'
import { holdRootKey } from '../../src/keys/root-key.ts'
import { createSealingKey, loadSealer } from '../../src/keys/sealing-keys.ts'
import { startSigningHeads } from '../../src/keys/sign-heads.ts'
import type { Store } from '../../src/store/contract.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { openRecord, sealedWrite, type Sealer } from '../../src/store/sealed-records.ts'
import { redactText } from '../../src/telemetry/redact.ts'
import { POLICIES, rethrow } from '../keys/kept.ts'
import { makeRootKey } from '../flow.ts'
import { createTestClock, type TestClock } from '../store/clock.ts'

const MINUTE = 60_000
const RELEASE = {
  correlationId: 'c',
  merchantId: 'shop-1',
  keyId: 'key-1',
  kid: 'psp',
  jtiHash: '0123456789ab',
  securityCode: false,
}

interface Started {
  readonly store: Store
  readonly sealer: Sealer
  readonly clock: TestClock
  readonly keeper: KeyKeeper
  readonly faults: unknown[]
  readonly logged: string[]
  append(count: number): Promise<void>
  /** Lets minutes pass, and what is done in them. */
  pass(minutes?: number): Promise<void>
  report(): Promise<ReleaseReport>
}

async function start(t: TestContext, hasKey = true): Promise<Started> {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const clock = createTestClock()
  const store = createMemoryStore(clock.now)
  const rootKey = makeRootKey()
  await createSealingKey(store, rootKey, systemRandom)
  const sealer = await loadSealer(store, rootKey, systemRandom)
  if (hasKey) await createAuditKey(store, sealer, systemRandom)
  const [faults, logged]: [unknown[], string[]] = [[], []]
  const signing = startSigningHeads({
    store,
    sealer,
    now: clock.now,
    onSigned: (head) => void logged.push(head),
    onFault: (error) => void faults.push(error),
  })
  t.after(() => signing.close())
  const { note } = signing
  const trail = createReleaseTrail({ store, sealer, now: clock.now, random: systemRandom, note })
  const root = holdRootKey(rootKey)
  return {
    store,
    sealer,
    clock,
    faults,
    logged,
    keeper: createKeyKeeper({ store, root, now: clock.now, random: systemRandom }),
    async append(count) {
      for (let entry = 0; entry < count; entry += 1) await trail.append(RELEASE, [])
    },
    async pass(minutes = 1) {
      for (let minute = 0; minute < minutes; minute += 1) {
        clock.advance(60)
        t.mock.timers.tick(MINUTE)
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    async report() {
      const verify = await readHeadVerifier(store, sealer)
      return verifyReleases(await readReleases(store, sealer), await readSignedHeads(store), verify)
    },
  }
}

test('the head of a chain is signed every minute in which it has grown, and logged', async (t) => {
  const { append, pass, report, logged } = await start(t)
  await append(2)
  assert.equal((await report()).unsigned, 2)
  await pass()
  await pass()
  assert.deepEqual([(await report()).unsigned, logged.length], [0, 1])
  await append(1)
  assert.equal((await report()).unsigned, 1)
  await pass()
  const { faults, unsigned, heads } = await report()
  assert.deepEqual([faults, unsigned, logged.length], [[], 0, 2])
  const [head] = heads
  assert.ok(logged[1]?.startsWith(`${head?.chain}:3:${head?.hash}:`))
})

test('without an audit key nothing is signed and a fault is told; the keeper makes one, and it goes on', async (t) => {
  const { append, pass, report, faults, keeper } = await start(t, false)
  await append(1)
  await pass()
  assert.deepEqual([faults.length, (await report()).unsigned], [1, 1])
  assert.match(String(faults[0]), /The store has no audit key/)
  const made = await keeper.keep(POLICIES, rethrow)
  assert.deepEqual(made.map(({ kind, change }) => `${kind} ${change}`).toSorted(), [
    'audit-key made',
    'signing-key made',
  ])
  await pass()
  assert.deepEqual([faults.length, (await report()).unsigned], [1, 0])
})

test('a chain that was cut off or rewritten up to its signed head is found, whoever has the sealing keys', async (t) => {
  const { store, sealer, append, pass, report } = await start(t)
  await append(3)
  await pass()
  const [, , last] = await store.list('release')
  assert.ok(last)
  await store.write([{ op: 'delete', kind: 'release', name: last.name }])
  const cut = (await report()).faults
  assert.equal(cut.length, 1)
  assert.match(cut[0]?.problem ?? '', /^is missing, though audit key \w{8} signed the chain up to/)
  // Another last entry, which names the one before it.
  const [, second] = await readReleases(store, sealer)
  assert.ok(second?.entry)
  const other = { ...second.entry, merchantId: 'shop-2', sequence: 3, previous: second.hash }
  const content = encodeReleaseEntry(other)
  const record = {
    kind: 'release',
    name: last.name,
    owner: 'x',
    expiresAt: undefined,
    content,
  } as const
  await store.write([sealedWrite('put', record, sealer)])
  const rewritten = (await report()).faults
  assert.equal(rewritten.length, 1)
  assert.match(rewritten[0]?.problem ?? '', /^is not the one of that head, though audit key/)
  await store.write([{ op: 'put', ...record, value: last.value }])
  assert.deepEqual((await report()).faults, [])
})

test('a head that another key signed, or that was changed, is not genuine', async (t) => {
  const { store, sealer, clock, append, pass, report } = await start(t)
  await append(2)
  await pass()
  const [head] = await readSignedHeads(store)
  assert.ok(head)
  const other = createMemoryStore(clock.now)
  await createAuditKey(other, sealer, systemRandom)
  const stranger = await findHeadSigner(other, sealer, clock.now)
  assert.ok(stranger)
  const forged = [
    { ...signHead(head, head.at, stranger), kid: head.kid },
    signHead(head, head.at, stranger),
    { ...head, sequence: 1 },
    { ...head, at: head.at + 1 },
    { ...head, hash: '0'.repeat(64) },
    { ...head, signature: '' },
  ]
  for (const each of forged) {
    await store.write([signedHeadWrite(each)])
    const [fault] = (await report()).faults
    assert.deepEqual(fault, {
      name: head.chain,
      problem: 'has a head that no audit key of this store has signed',
    })
  }
})

test('what a key has signed is verified after its private half is gone', async (t) => {
  const { store, sealer, clock, keeper, append, pass, report, logged } = await start(t)
  await append(1)
  await pass()
  await keeper.rotate('audit-key', POLICIES['audit-key'])
  const [old] = await keeper.list('audit-key')
  clock.advance(60 + 301)
  const changes = await keeper.keep(POLICIES, rethrow)
  assert.ok(changes.some(({ id, change }) => id === old?.id && change === 'erased'))
  const record = await store.get('audit-key', old?.id ?? '')
  assert.ok(record)
  const { content } = openRecord(record, { kind: 'audit-key', name: record.name }, sealer)
  assert.ok(!content.includes(Buffer.from('302e020100300506032b6570', 'hex')), 'no PKCS#8')
  assert.deepEqual(
    (await keeper.list('audit-key')).map(({ isErased }) => isErased),
    [true, false],
  )
  assert.deepEqual(await keeper.keep(POLICIES, rethrow), [])
  const { faults, unsigned } = await report()
  assert.deepEqual([faults, unsigned], [[], 0])
  await append(1)
  await pass()
  const [first = '', second = ''] = logged.map((head) => head.split(':')[4])
  assert.notEqual(first, second)
  assert.deepEqual((await report()).faults, [])
})

test('a signed head is read as it was written, and no filter of the log changes it', async (t) => {
  const { clock, store, sealer } = await start(t)
  const signer = await findHeadSigner(store, sealer, clock.now)
  assert.ok(signer)
  for (let round = 0; round < 200; round += 1) {
    const hash = systemRandom.bytes(32).toString('hex')
    const head = { chain: systemRandom.uuid(), sequence: round + 1, hash }
    const signed = signHead(head, clock.seconds(), signer)
    const text = formatSignedHead(signed)
    assert.deepEqual(parseHead(redactText(`"head":"${text}"`).slice(8, -1)), signed)
    assert.equal(parseHead(`${text}0`), undefined)
  }
})
