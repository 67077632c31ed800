import { panFault } from '../card/pan.ts'

// Published by networks and processors for use in tests; none was ever issued.
const PUBLISHED = `
  4111111111111111 4242424242424242 4012888888881881 4222222222222 4000056655665556 4622943127013705 4000000000000002
  5555555555554444 5105105105105100 5200828282828210 2222420000001113 2223003122003222
  378282246310005 371449635398431 378734493671000
  6011111111111117 6011000990139424 6011000991300009
  3566111111111113 3530111333300000 3566002020360505
  38000000000006 30569309025904 38520000023237 3056930009020004 36227206271667
  6200000000000005 6250947000000014
  6000340000009859
  135412345678911`

/** The published test numbers, the only ones that dev mode accepts. A number that fails the card rules is left out. */
export const TEST_CARDS: readonly string[] = PUBLISHED.trim()
  .split(/\s+/)
  .filter((pan) => panFault(pan) === undefined)

const KNOWN: ReadonlySet<string> = new Set(TEST_CARDS)

/** Tells whether a PAN is one of {@link TEST_CARDS}, written as digits only. */
export function isTestCard(pan: string): boolean {
  return KNOWN.has(pan)
}
