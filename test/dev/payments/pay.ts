import type { TestContext } from 'node:test'

import type { LightMyRequestResponse } from 'fastify'

import type { ServiceOptions } from '../../../src/service.ts'
import { CARD_FIELDS, createToken, jtiOf, openSession } from '../../flow.ts'
import { MERCHANT, startHarness, type Harness } from '../../harness.ts'
import { signByJwt, type Signer } from '../../signed-request.ts'
import { createTestClock, type TestClock } from '../../store/clock.ts'

/** An emulator in this process that can be paid at. */
export interface PayHarness extends Harness {
  readonly clock: TestClock
  /** Captures data and returns the transient token. */
  token(data?: unknown, options?: { fields?: object; signer?: Signer }): Promise<string>
  /** Posts a payment. */
  pay(body: unknown, signer?: Signer): Promise<LightMyRequestResponse>
}

/** Where payments go. */
export const PAYMENTS = '/pts/v2/payments'

/** Starts an emulator in this process. */
export async function startPaying(
  t: Pick<TestContext, 'after'>,
  options: Partial<ServiceOptions> = {},
): Promise<PayHarness> {
  const clock = createTestClock()
  const harness = await startHarness({ ...options, now: clock.now })
  t.after(() => harness.close())
  return {
    ...harness,
    clock,
    async token(data, { fields = CARD_FIELDS, signer = MERCHANT } = {}) {
      const session = await openSession(harness, { fields, signer, now: clock.now() })
      return createToken(harness, session, data)
    },
    pay(asked, signer = MERCHANT) {
      const body = typeof asked === 'string' ? asked : JSON.stringify(asked)
      const request = { target: PAYMENTS, body }
      return harness.service.app.inject(signByJwt(signer, request, { now: clock.now() }))
    },
  }
}

/** Parts of a payment that can be replaced. */
interface Asked {
  readonly token?: object
  readonly amount?: object
  readonly others?: object
}

/** The body of a payment by jti. */
export function paymentBy(jwt: string, { token, amount, others }: Asked = {}): object {
  return {
    clientReferenceInformation: { code: 'order-1' },
    tokenInformation: token ?? { jti: jtiOf(jwt) },
    orderInformation: { amountDetails: amount ?? { totalAmount: '10.50', currency: 'EUR' } },
    ...others,
  }
}

/** Reads the body of a reply as whatever a test says it is. */
export function read(reply: LightMyRequestResponse): Record<string, unknown> {
  return JSON.parse(reply.body) as Record<string, unknown>
}
