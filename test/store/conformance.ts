import { describe, type TestContext } from 'node:test'
import type { Now } from '../../src/clock-and-random.ts'
import { createTestClock } from './clock.ts'
import { testBatches } from './conformance-batches.ts'
import { testExpiry } from './conformance-expiry.ts'
import { testGuards } from './conformance-guards.ts'
import { testAgainstModel } from './conformance-model.ts'
import { testTaking, testValues } from './conformance-records.ts'
import { testReplacing } from './conformance-replacing.ts'
import type { Opened, OpenedStore } from './opened.ts'

/** Tests that an engine keeps the contract of a store. */
export function testStore(name: string, open: (now: Now) => Promise<OpenedStore>): void {
  const openFor = async (t: TestContext): Promise<Opened> => {
    const clock = createTestClock()
    const opened = await open(clock.now)
    t.after(() => opened.store.close())
    return { ...opened, clock }
  }
  describe(name, () => {
    testGuards(openFor)
    testReplacing(openFor)
    testBatches(openFor)
    testExpiry(openFor)
    testTaking(openFor)
    testValues(openFor)
    testAgainstModel(openFor)
  })
}
