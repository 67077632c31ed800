import { strict as assert } from 'node:assert'
import { describe, test, type TestContext } from 'node:test'

import type { Now } from '../../src/clock-and-random.ts'
import { readSignedHeads } from '../../src/audit/signed-head.ts'
import {
  readReleases,
  verifyReleases,
  type ReleaseReport,
} from '../../src/audit/verify-releases.ts'
import { ServiceError } from '../../src/errors.ts'
import { readHeadVerifier } from '../../src/keys/audit-keys.ts'
import type { Store, Write } from '../../src/store/contract.ts'
import { cardRecordName } from '../../src/session/card-vault.ts'
import { readErrorOf } from '../error-reply.ts'
import { CARD, makeRootKey } from '../flow.ts'
import { MERCHANT, startHarness, type Harness } from '../harness.ts'
import { makeCard, readRelease, requestRelease } from '../releases.ts'
import { signByHttpSignature } from '../signed-request.ts'
import { createTestClock, type TestClock } from '../store/clock.ts'
import type { OpenedStore } from '../store/opened.ts'

const { securityCode, ...SHOWN } = CARD.paymentInformation.card

interface Started extends Harness {
  readonly clock: TestClock
  /** What is done with a batch instead of writing it. Default is to write it. */
  meet: (batch: readonly Write[], write: Store['write']) => Promise<boolean>
}

/** Tests that an engine lets a security code out once at most, and no card without its entry. */
export function testReleases(engine: string, open: (now: Now) => Promise<OpenedStore>): void {
  async function start(t: TestContext): Promise<Started> {
    const clock = createTestClock()
    const { store } = await open(clock.now)
    const meeting = { meet: (batch: readonly Write[], write: Store['write']) => write(batch) }
    const write: Store['write'] = (batch) =>
      batch.some(({ kind }) => kind === 'release')
        ? meeting.meet(batch, store.write)
        : store.write(batch)
    const harness = await startHarness({ store: { ...store, write }, now: clock.now })
    t.after(() => harness.close())
    return Object.assign(meeting, harness, { clock })
  }

  async function isWhole({ store, sealer }: Harness): Promise<number> {
    const report = verifyReleases(await readReleases(store, sealer))
    assert.deepEqual(report.faults, [])
    return report.entries
  }

  const card = (harness: Started): Promise<string> =>
    makeCard(harness, { now: harness.clock.now() })

  async function ask(harness: Started, jti: string): Promise<Readonly<Record<string, string>>> {
    const now = harness.clock.now()
    return (await readRelease(await requestRelease(harness, jti, { now }), now)).card
  }

  describe(`releases on ${engine}`, () => {
    test('the security code goes out with the first release only, and is gone from the store', async (t) => {
      const harness = await start(t)
      const jti = await card(harness)
      assert.deepEqual(await ask(harness, jti), { ...SHOWN, securityCode })
      assert.equal(await harness.store.get('security-code', cardRecordName(jti)), undefined)
      for (let again = 0; again < 3; again += 1) assert.deepEqual(await ask(harness, jti), SHOWN)
      assert.equal(await isWhole(harness), 4)
    })

    test('of many releases at once, through two replicas, exactly one has the security code', async (t) => {
      const clock = createTestClock()
      const { store } = await open(clock.now)
      t.after(() => store.close())
      const rootKey = makeRootKey()
      const replicas = [
        await startHarness({ store, rootKey, now: clock.now }),
        await startHarness({ store, rootKey, now: clock.now }),
      ]
      t.after(() => Promise.all(replicas.map(({ service }) => service.close())))
      const [one] = replicas
      assert.ok(one)
      const now = clock.now()
      for (let round = 0; round < 3; round += 1) {
        const jti = await makeCard(one, { now })
        const replies = await Promise.all(
          [...replicas, ...replicas, ...replicas].map((replica) =>
            requestRelease(replica, jti, { now }),
          ),
        )
        const cards = await Promise.all(replies.map((reply) => readRelease(reply, now)))
        const codes = cards.flatMap((each) => each.card['securityCode'] ?? [])
        assert.deepEqual(codes, [securityCode])
      }
      const found = await readReleases(store, one.sealer)
      assert.equal(found.filter(({ entry }) => entry?.securityCode).length, 3)
      const { heads } = verifyReleases(found)
      assert.equal(heads.length, 2, 'a chain a replica')
      assert.equal(await isWhole(one), 18)
    })

    test('the heads that one replica signed are verified at another, which finds what was cut off', async (t) => {
      const clock = createTestClock()
      const { store } = await open(clock.now)
      t.after(() => store.close())
      const shared = { store, rootKey: makeRootKey(), now: clock.now }
      const [here, there] = [await startHarness(shared), await startHarness(shared)]
      t.after(() => there.service.close())
      const now = clock.now()
      const jti = await makeCard(here, { now })
      for (let time = 0; time < 2; time += 1) await requestRelease(here, jti, { now })
      const report = async (): Promise<ReleaseReport> => {
        const verify = await readHeadVerifier(store, there.sealer)
        const found = await readReleases(store, there.sealer)
        return verifyReleases(found, await readSignedHeads(store), verify)
      }
      assert.equal((await report()).unsigned, 2)
      await here.service.close()
      const whole = await report()
      assert.deepEqual([whole.entries, whole.unsigned, whole.faults], [2, 0, []])
      const last = (await store.list('release')).at(-1)
      await store.write([{ op: 'delete', kind: 'release', name: last?.name ?? '' }])
      const { faults } = await report()
      assert.deepEqual(
        faults.map(({ name }) => name),
        [last?.name],
      )
    })

    test('a token that may be used twice is released twice, of however many who ask at once, and is gone then', async (t) => {
      const harness = await start(t)
      const now = harness.clock.now()
      const twice = { usesPerToken: 2 }
      await harness.administration.update(MERCHANT.merchantId, (known) => ({ ...known, ...twice }))
      const jti = await card(harness)
      const replies = await Promise.all(
        Array.from({ length: 6 }, () => requestRelease(harness, jti, { now })),
      )
      const released = replies.filter(({ statusCode }) => statusCode === 200)
      assert.equal(released.length, 2)
      const cards = await Promise.all(released.map((reply) => readRelease(reply, now)))
      const codes = cards.flatMap((each) => each.card['securityCode'] ?? [])
      assert.deepEqual(codes, [securityCode])
      for (const reply of replies.filter((each) => !released.includes(each))) {
        readErrorOf('TOKEN_NOT_FOUND', reply)
      }
      const record = await harness.store.get('card', cardRecordName(jti))
      assert.equal(record?.value.length, 0, 'nothing of the card is left')
      const target = `/flex/v2/payment-details/${jti}`
      const signed = signByHttpSignature(MERCHANT, { method: 'GET', target }, { now })
      readErrorOf('TOKEN_NOT_FOUND', await harness.service.app.inject(signed))
      assert.equal(await isWhole(harness), 2)
    })

    test('when the release cannot be written, nothing is released and the security code stays', async (t) => {
      const harness = await start(t)
      const jti = await card(harness)
      harness.meet = async () => {
        throw new ServiceError('STORE_UNAVAILABLE', { retryAfterSeconds: 1 })
      }
      const now = harness.clock.now()
      const refused = await requestRelease(harness, jti, { now })
      readErrorOf('STORE_UNAVAILABLE', refused)
      assert.equal(refused.headers['retry-after'], '1')
      assert.equal(await isWhole(harness), 0)
      harness.meet = (batch, write) => write(batch)
      assert.equal((await ask(harness, jti))['securityCode'], securityCode)
    })

    test('when it was written but nobody knows, nothing is released and the security code is gone', async (t) => {
      const harness = await start(t)
      const jti = await card(harness)
      harness.meet = async (batch, write) => {
        await write(batch)
        throw new ServiceError('STORE_UNAVAILABLE', { retryAfterSeconds: 1 })
      }
      const now = harness.clock.now()
      readErrorOf('STORE_UNAVAILABLE', await requestRelease(harness, jti, { now }))
      harness.meet = (batch, write) => write(batch)
      assert.deepEqual(await ask(harness, jti), SHOWN)
      const found = await readReleases(harness.store, harness.sealer)
      assert.equal(found.filter(({ entry }) => entry?.securityCode).length, 1)
      assert.equal(await isWhole(harness), 2, 'in two chains, none with a gap')
    })

    test('a release that is refused every time releases nothing', async (t) => {
      const harness = await start(t)
      const jti = await card(harness)
      harness.meet = async () => false
      const now = harness.clock.now()
      readErrorOf('STORE_UNAVAILABLE', await requestRelease(harness, jti, { now }))
      assert.equal(await isWhole(harness), 0)
    })

    test('a card that has expired is not released, and its entries outlive it', async (t) => {
      const harness = await start(t)
      const jti = await card(harness)
      await ask(harness, jti)
      harness.clock.advance(900)
      const now = harness.clock.now()
      readErrorOf('TOKEN_NOT_FOUND', await requestRelease(harness, jti, { now }))
      harness.clock.advance(400 * 86_400)
      await harness.store.purge()
      assert.equal(await isWhole(harness), 1)
    })
  })
}
