import type { CardData, FieldPath } from './field-catalogue.ts'
import { nest, type Tree } from './nest.ts'

/** What is released of a card, and no more. The security code goes beside it, once. */
const RELEASED: readonly FieldPath[] = [
  'paymentInformation.card.number',
  'paymentInformation.card.expirationMonth',
  'paymentInformation.card.expirationYear',
  'paymentInformation.card.type',
]

/** The claims of released payment credentials. */
export interface PaymentCredentials {
  readonly iss: string
  /** Seconds since the epoch. */
  readonly iat: number
  /** Seconds since the epoch: that of the transient token. */
  readonly exp: number
  /** That of the transient token. */
  readonly jti: string
  readonly content: Tree<string>
}

interface PaymentCredentialsInput {
  readonly site: string
  /** Seconds since the epoch. */
  readonly issuedAt: number
  /** Seconds since the epoch. */
  readonly expiresAt: number
  readonly jti: string
  readonly cardData: CardData
  /** Undefined when there was none, or it has gone out before. */
  readonly securityCode: string | undefined
}

/** Builds the claims that release a card: the number in clear. They must be encrypted. */
export function createPaymentCredentials(input: PaymentCredentialsInput): PaymentCredentials {
  const { site, issuedAt, expiresAt, jti, cardData, securityCode } = input
  const leaves = RELEASED.map((path) => [path, cardData.get(path)] as const)
  const code = ['paymentInformation.card.securityCode', securityCode] as const
  const there = [...leaves, code].flatMap(([path, value]) =>
    value === undefined ? [] : [[path, value] as const],
  )
  return { iss: `Flex/${site}`, iat: issuedAt, exp: expiresAt, jti, content: nest(there) }
}
