import { X509Certificate } from 'node:crypto'
import { epochSeconds, type Now } from '../clock-and-random.ts'
import { ServiceError } from '../errors.ts'
import type { JweRecipient } from '../jose/encrypt-jwe.ts'
import type { Merchant } from './merchant.ts'

const REASONS = {
  NOT_ENTITLED: 'The merchant is not entitled: "coatcheck merchants set <id> --entitled yes".',
  NO_RELEASE_CERTIFICATE:
    'The merchant has no release certificate: "coatcheck merchants set <id> --release-certificate <file>".',
  RELEASE_CERTIFICATE_NOT_VALID:
    'The release certificate is not valid yet, or has expired: register another.',
} as const

/**
 * Returns to whom a merchant's cards are released: the key of its certificate.
 *
 * @throws ServiceError `RELEASE_NOT_ALLOWED` unless the merchant is entitled and its certificate is good now.
 */
export function releaseRecipient(merchant: Merchant, now: Now): JweRecipient {
  if (merchant.entitled !== true) throw refuseRelease('NOT_ENTITLED')
  const { releaseCertificate: pem } = merchant
  if (pem === undefined) throw refuseRelease('NO_RELEASE_CERTIFICATE')
  const certificate = new X509Certificate(pem)
  const { publicKey, validFromDate, validToDate } = certificate
  const at = now()
  if (at < validFromDate || at >= validToDate) throw refuseRelease('RELEASE_CERTIFICATE_NOT_VALID')
  return { kid: kidOf(certificate), publicKey, issuedAt: epochSeconds(now), cty: 'JWT' }
}

/** The serial number in its subject, as for merchants' certificates; without one, the certificate's own. */
function kidOf(certificate: X509Certificate): string {
  const { serialNumber } = certificate.toLegacyObject().subject
  if (typeof serialNumber === 'string' && serialNumber !== '') return serialNumber
  return certificate.serialNumber
}

function refuseRelease(reason: keyof typeof REASONS): ServiceError {
  return new ServiceError('RELEASE_NOT_ALLOWED', {
    explanation: { reason, message: REASONS[reason] },
  })
}
