import { MERCHANT_ERRORS, type DescribedRoute, type Route } from '../../http/routes.ts'
import { createSessionKeys } from '../../keys/session-keys.ts'
import { poolSealer } from '../../keys/sealing-keys.ts'
import type { Store } from '../../store/contract.ts'
import { createPayment, type CreatePaymentNeeds } from './create-payment.ts'
import { PAYMENT_ERRORS, PAYMENT_REPLY, PAYMENT_REQUEST } from './schemas.ts'

/** What the route of payments is made from. */
export interface PaymentRouteNeeds extends Omit<CreatePaymentNeeds, 'sessionKeys'> {
  readonly store: Store
  /** Two digits. */
  readonly site: string
}

/** The route of payments as documents describe it. */
export const PAYMENT_ROUTE = {
  method: 'POST',
  path: '/pts/v2/payments',
  name: 'createPayment',
  summary:
    'Simulate a payment with a transient token: a stub that moves no money, in dev mode only',
  caller: 'merchant',
  body: { 'application/json': PAYMENT_REQUEST },
  success: { status: 201, type: 'application/json', schema: PAYMENT_REPLY },
  errors: [...MERCHANT_ERRORS, 'BODY_TOO_LARGE'],
  furtherErrors: PAYMENT_ERRORS,
} as const satisfies DescribedRoute

/** Makes the route of payments. */
export function createPaymentRoute(needs: PaymentRouteNeeds): Route {
  const { store, sealer, now, site } = needs
  const found = { get: store.get, sealer, poolSealer: poolSealer(sealer), now }
  const all = { ...needs, sessionKeys: createSessionKeys(found, site) }
  return {
    ...PAYMENT_ROUTE,
    run: (_operations, merchant, { body, correlationId }) =>
      createPayment(all, merchant, { body, correlationId }),
  }
}
