import { createHash, X509Certificate, type KeyObject } from 'node:crypto'
import { epochSeconds, type Now } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'

/** A merchant's certificate. That its owner holds the private key is not verified, nor is any signature on it. */
export interface Certificate {
  /** The subject's CN. */
  readonly merchantId: string
  /** The subject's serialNumber (OID 2.5.4.5), the `kid` of JWTs of version 2; not the certificate's own number. */
  readonly serialNumber: string | undefined
  /** SHA-256 of the DER, in lower-case hex. */
  readonly fingerprint256: string
  /** Seconds since the epoch. */
  readonly notBefore: number
  /** Seconds since the epoch. */
  readonly notAfter: number
  /** RSA of at least 2048 bits. */
  readonly publicKey: KeyObject
  /** The certificate alone, whatever else stood around it. */
  readonly pem: string
}

/**
 * Reads the one certificate that a file holds.
 *
 * @param file - PEM, with any text around it, or DER.
 * @throws OperatorError unless it is exactly one certificate, with one CN and at most one serialNumber in its subject and an RSA
 * key of at least 2048 bits, and has not expired.
 */
export function readCertificate(file: string | Buffer, now: Now): Certificate {
  const x509 = parseOne(file)
  const { merchantId, serialNumber } = readSubject(x509)
  const { publicKey } = x509
  checkKey(publicKey)
  const notAfter = secondsOf(x509.validToDate)
  if (notAfter < epochSeconds(now)) {
    throw new OperatorError('The certificate has expired.', 'Renew it, and register the new one.')
  }
  const notBefore = secondsOf(x509.validFromDate)
  const fingerprint256 = createHash('sha256').update(x509.raw).digest('hex')
  const pem = x509.toString()
  return { merchantId, serialNumber, fingerprint256, notBefore, notAfter, publicKey, pem }
}

/**
 * Returns the id by which JWTs of version 2 name the certificate.
 *
 * @throws OperatorError when its subject has none; JWTs of version 1 do without.
 */
export function keyIdOf({ serialNumber }: Certificate): string {
  if (serialNumber !== undefined) return serialNumber
  throw new OperatorError(
    'The subject of the certificate has no serialNumber, which JWTs name it by.',
    'Make it with a subject such as /CN=<merchant id>/serialNumber=<key id>.',
  )
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

function parseOne(file: string | Buffer): X509Certificate {
  const text = typeof file === 'string' ? file : file.toString('latin1')
  const [found, ...others] = text.match(PEM) ?? []
  if (others.length > 0) {
    throw new OperatorError(
      'The file holds several certificates.',
      "Keep only the merchant's own, from BEGIN CERTIFICATE to END CERTIFICATE.",
    )
  }
  try {
    return new X509Certificate(found ?? file)
  } catch (cause) {
    throw new OperatorError(
      'The file holds no X.509 certificate that can be read.',
      'Give it as PEM, which begins with -----BEGIN CERTIFICATE-----, or as DER.',
      cause,
    )
  }
}

function readSubject(x509: X509Certificate): Pick<Certificate, 'merchantId' | 'serialNumber'> {
  // The text that `subject` gives would have to be unescaped and taken apart.
  const { CN: commonName, serialNumber } = x509.toLegacyObject().subject
  if (commonName && typeof commonName === 'string' && !Array.isArray(serialNumber)) {
    return { merchantId: commonName, serialNumber: serialNumber === '' ? undefined : serialNumber }
  }
  throw new OperatorError(
    'The subject of the certificate does not have one CN and at most one serialNumber.',
    'Make it with a subject such as /CN=<merchant id>/serialNumber=<key id>.',
  )
}

const SMALLEST_MODULUS_BITS = 2048

function checkKey({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): void {
  const bits = asymmetricKeyDetails?.modulusLength ?? 0
  if (asymmetricKeyType === 'rsa' && bits >= SMALLEST_MODULUS_BITS) return
  throw new OperatorError(
    'The certificate is not for an RSA key of at least 2048 bits.',
    'Make one for such a key: clients sign with RS256.',
  )
}

function secondsOf(time: Date): number {
  return Math.floor(time.getTime() / 1000)
}
