import { parseJsonObject, stringMember } from '../protocol/parse.ts'
import type { CallService } from './call-as-merchant.ts'
import { isCompactJwt } from './compact-jwt.ts'
import { type Card, type OrderInformation, readFieldTree } from './field-tree.ts'
import { localError } from './flex-error.ts'

/** What a transient token stands for: the values that were submitted, the number masked (`XXXXXXXXXXXX1111`). */
export interface PaymentDetails {
  readonly paymentInformation?: { readonly card?: Omit<Card<string>, 'securityCode'> }
  readonly orderInformation?: OrderInformation<string>
}

const JTI = /^[0-9A-Za-z]{1,128}$/

/** Reads the payment details of a transient token, given as its `jti` or as the whole JWT. */
export async function getPaymentDetails(call: CallService, token: string): Promise<PaymentDetails> {
  return call(
    { method: 'GET', path: pathOf(token), accept: 'application/json' },
    parsePaymentDetails,
  )
}

function pathOf(token: string): string {
  if (JTI.test(token)) return `/flex/v2/payment-details/${token}`
  if (isCompactJwt(token)) return `/up/v1/payment-details/${token}`
  throw localError('TRANSIENT_TOKEN_INVALID', 'it must be a jti or a compact JWS.')
}

/** Parses the reply; members that are not fields of a session are left out. Undefined when it is not a JSON object. */
function parsePaymentDetails(text: string): PaymentDetails | undefined {
  const details = parseJsonObject(text)
  if (details === undefined) return undefined
  return readFieldTree(details, (branch, name) =>
    name === 'securityCode' ? undefined : stringMember(branch, name),
  )
}
