import type { PoolKind } from '../keys/mint-order.ts'
import { createPaymentRoute, type PaymentRouteNeeds } from './payments/routes.ts'
import { isTestCard } from './test-cards.ts'

const LOOPBACK_ORIGIN =
  /^https?:\/\/(localhost|[a-z0-9-]+\.localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?$/

function checkNumber(pan: string): string | undefined {
  return isTestCard(pan) ? undefined : 'Only published test card numbers are accepted in dev mode'
}

/** What makes a service the emulator: payments, published test cards only, loopback pages, explanations, generous limits. */
export const DEV_PRESET = {
  sessionLimits: { tokens: 10, attempts: 20 },
  poolPolicy: {
    batch: 4,
    reserve: 0,
    waitMilliseconds: 5000,
    waiters: 256,
    waitersPerMerchant: 256,
    retryMilliseconds: 25,
  },
  rotation: { sessions: 1000, seconds: 60 },
  explain: true,
  trustedProxies: [],
  isAllowedOrigin: (origin: string): boolean => LOOPBACK_ORIGIN.test(origin),
  checkNumber,
  // Every merchant may pay.
  keepsSecurityCode: (): boolean => true,
  furtherRoutes: (needs: Omit<PaymentRouteNeeds, 'checkNumber'>) => [
    createPaymentRoute({ ...needs, checkNumber }),
  ],
} as const

/** How many session keys dev mode keeps ready. */
export const DEV_POOL_TARGETS: Readonly<Record<PoolKind, number>> = {
  'pool-key': 32,
  'rotated-pool-key': 2,
}
