import type { TestContext } from 'node:test'
import { type NewCredential, type NewMerchant } from '../../src/merchant/administration.ts'
import { createMerchantRegistry, type MerchantRegistry } from '../../src/merchant/registry.ts'
import { startHarness, type Harness } from '../harness.ts'
import { certify, type Certified } from './certified.ts'
import { createTestClock, type TestClock } from '../store/clock.ts'

/** A store, its administration and a registry over it, by a clock that stands still. */
export interface Administered extends Harness {
  readonly clock: TestClock
  readonly registry: MerchantRegistry
}

/** Starts a service over a memory store for one test. */
export async function start(t: TestContext): Promise<Administered> {
  const clock = createTestClock()
  const harness = await startHarness({ now: clock.now })
  t.after(() => harness.close())
  return { ...harness, clock, registry: createMerchantRegistry({ ...harness, now: clock.now }) }
}

/** The secret of the merchants of these tests. */
export const SECRET: Buffer = Buffer.alloc(32, 7)

type Added = readonly [NewMerchant, Omit<NewCredential, 'merchantId'>]

/** A merchant with a shared secret, to be added. */
export function withSecret({ id = 'shop', keyId = 'key' } = {}): Added {
  return [
    newMerchant(id),
    { keyId, material: { kind: 'shared-secret', secret: Buffer.from(SECRET) } },
  ]
}

function newMerchant(id: string): NewMerchant {
  return { id, sessionKeys: 'rotated', tokensPerSession: 3, attemptsPerSession: undefined }
}

/** A certificate of the merchant `shop`. */
export const CERTIFIED: Certified = certify()

/** A merchant with a certificate, to be added. */
export function withCertificate({ keyId, pem }: Certified = CERTIFIED): Added {
  return [newMerchant('shop'), { keyId, material: { kind: 'certificate', certificate: pem } }]
}
