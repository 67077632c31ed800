import type { X509Certificate } from 'node:crypto'
import type { TimeNeeds } from './check-time.ts'

/**
 * Says what is wrong with a certificate that nobody has registered, beyond that; undefined when nothing is.
 *
 * @param merchantId - the merchant that the request names.
 */
export function certificateMistake(
  x509: X509Certificate,
  merchantId: string | undefined,
  { now }: Pick<TimeNeeds, 'now'>,
): string | undefined {
  const { CN: commonName, serialNumber } = x509.toLegacyObject().subject
  if (merchantId !== undefined && commonName !== merchantId) {
    return 'It is the certificate of another merchant: its CN is not the merchant id of the request.'
  }
  if (x509.validToDate <= now()) {
    return 'It has expired: make a new one with "coatcheck credentials rotate <merchant>".'
  }
  if (serialNumber) return undefined
  return 'Its subject has no serialNumber, and cannot be registered: make one with "coatcheck credentials add <merchant> --p12 <file>".'
}
