import { securityCodeLengthsOf } from './network.ts'

/**
 * Checks a security code: ASCII digits, as many as a candidate network of the PAN has; 3 or 4 when there is no PAN.
 *
 * Returns the public message, or undefined when there is no fault. The PAN itself is not checked.
 */
export function securityCodeFault(securityCode: string, pan = ''): string | undefined {
  const good =
    /^[0-9]+$/.test(securityCode) && securityCodeLengthsOf(pan).includes(securityCode.length)
  return good ? undefined : 'Invalid security code format'
}
