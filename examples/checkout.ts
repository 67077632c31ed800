// What is tested by the examples: the part of a shop that opens sessions and reads back what was captured. It knows nothing
// of tests: it is told which service to use, as it is in production.

import { createClient, FlexError } from 'coatcheck/client'

/** Which service, and as whom. */
export interface ShopOptions {
  readonly url: string
  readonly merchantId: string
  readonly keyId: string
  readonly secret: string
}

/** The part of a shop that takes cards. */
export interface Checkout {
  /** Returns what the shopper's page encrypts the card to. */
  begin(): Promise<string>
  /** Returns what is shown of the card, or what the shopper is told when the token is not good. */
  summarize(token: string): Promise<string>
}

/** Makes the checkout of a shop. */
export function createCheckout(options: ShopOptions): Checkout {
  const client = createClient(options)

  async function begin(): Promise<string> {
    const card = { number: {}, expirationMonth: {}, expirationYear: {} }
    return client.generateFlexAPICaptureContext({ fields: { paymentInformation: { card } } })
  }

  async function summarize(token: string): Promise<string> {
    try {
      const details = await client.getPaymentDetails(token)
      return `Card ending in ${details.paymentInformation?.card?.number?.slice(-4) ?? 'unknown'}`
    } catch (error) {
      if (!(error instanceof FlexError)) throw error
      if (error.reason === 'NOT_FOUND') return 'Your session has ended, please enter the card again'
      return 'Payments are not available at the moment'
    }
  }

  return { begin, summarize }
}
