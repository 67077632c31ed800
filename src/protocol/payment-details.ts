import { maskPan } from '../card/pan.ts'
import { withoutSecurityCode, type CardData } from './field-catalogue.ts'
import { nest, type Tree } from './nest.ts'

/** The reply of payment-details: plain values as submitted, the number masked, never a security code. */
export type PaymentDetails = Tree<string>

/** Builds the reply of payment-details from stored card data. */
export function createPaymentDetails(cardData: CardData): PaymentDetails {
  return nest(
    [...withoutSecurityCode(cardData)].map(([path, value]) => [
      path,
      path === 'paymentInformation.card.number' ? maskPan(value) : value,
    ]),
  )
}
