// Makes docs/payments.md from the table of outcomes.

import { AUTHORIZED, OUTCOMES } from '../src/dev/payments/outcomes.ts'

const REQUEST = [
  '# Payments in dev mode',
  '',
  '`coatcheck dev` answers `POST /pts/v2/payments`, so that a test can end with a payment. **It is a stub: no money moves,',
  'and no processor or bank is asked.** Every reply says so in its member `coatcheck`. `serve` does not have it.',
  '',
  '## The request',
  '',
  'A merchant authenticates as for every operation, and may [encrypt](mle.md) request and reply (with a JWT). The body',
  'names a transient token by `tokenInformation.jti` or whole, by `tokenInformation.transientTokenJwt`; when both are',
  'there they must be the same token. A token can be paid with as often as one likes for its 15 minutes, or as often as',
  '`usesPerToken` of the [merchant](merchants.md) says: each 201 is a use, and the last one erases the card.',
  '',
  '```json',
  '{',
  '  "clientReferenceInformation": { "code": "order-1" },',
  '  "tokenInformation": { "transientTokenJwt": "eyJraWQiOi…" },',
  '  "orderInformation": { "amountDetails": { "totalAmount": "10.50", "currency": "EUR" } }',
  '}',
  '```',
  '',
  '**Values of the request win over those of the token**, field by field; an empty text is an absent value. So a captured',
  'amount can be left out of the request, or replaced by it. `coatcheck.overridden` names the fields in which both had',
  'different values. What counts in the end must have a card number, an amount and a currency; a real service asks for',
  'more, which depends on its processor. Numbers are published test cards, here too.',
  '',
  'A whole token is checked as a gateway would: its signature by the session key, its expiry, its merchant.',
  '`coatcheck.signature` says how that went: once the last token of a session is issued its key is erased, and then the',
  'jti alone decides. The security code is erased by the first payment that gets a 201.',
  '',
]

const REFUSALS = [
  '## Refusals',
  '',
  'Always 400 with `status` `INVALID_REQUEST`, and `details` with one `{"field","reason"}` for each fault:',
  '',
  '| reason | when |',
  '| --- | --- |',
  '| `INVALID_DATA` at `tokenInformation.jti` | the token has expired, was used as often as it may be, is unknown, of another merchant or changed, in whichever member it came. The wire tells no more; `coatcheck.why` does |',
  '| `MISSING_FIELD` | there is no token, amount, currency or number |',
  '| `INVALID_DATA` | values that the rules of captured data refuse; a body that is no JSON has no details |',
  '',
  'Authentication and encryption fail [as everywhere](errors.md).',
]

/** Makes the page on the payments of dev mode. */
export function paymentsPage(): string {
  return [...REQUEST, ...outcomes(), ...REFUSALS].join('\n')
}

function outcomes(): readonly string[] {
  const rows = Object.entries(OUTCOMES).map(([amount, outcome]) => {
    const { httpStatus, status, reason, responseCode = '', authorizes } = outcome
    const named = reason === undefined ? `${authorizes ?? 'all'} of it` : `\`${reason}\``
    return `| ${amount} | ${httpStatus} | \`${status}\` | ${named} | ${responseCode} |`
  })
  const { httpStatus, status, responseCode } = AUTHORIZED
  return [
    '## The outcome, by amount',
    '',
    'Whole amounts of this table, in any currency, have an outcome of their own:',
    '',
    '| amount | HTTP | status | reason, or what is authorised | response code |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    `| any other | ${httpStatus} | \`${status}\` | all of it | ${responseCode ?? ''} |`,
    '',
    'A 201 shows the card as `prefix` (six digits) and `suffix` (four), what was authorised, and what a processor would say;',
    '`errorInformation` holds the reason. There are no `_links`: captures, reversals and refunds are not simulated.',
    '',
  ]
}
