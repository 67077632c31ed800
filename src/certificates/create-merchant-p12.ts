import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import type { Now, Random } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import { keyUsage, noAuthority } from './extensions.ts'
import { signCertificate } from './sign-certificate.ts'
import { writeP12, type NamedCertificate } from './write-p12.ts'

/** What a merchant's PKCS#12 file is made from. */
export interface MerchantP12Options {
  /** A merchant id, or another name that a distinguished name can hold. */
  readonly merchantId: string
  /** The serial number in the subject, which clients send as `kid`: must be unique across merchants. */
  readonly serialNumber: string
  readonly password: string
  /** Whole days, at least 1. Default is 730. */
  readonly validDays?: number
  /** Certificates to put beside the merchant's, such as the one for message-level encryption. Default is none. */
  readonly furtherCertificates?: readonly NamedCertificate[]
  readonly now: Now
  readonly random: Random
}

/** A merchant's key and certificate, for its client, and the certificate alone, for the service. */
export interface MerchantP12 {
  /** The file that official clients read. It holds the only copy of the private key. */
  readonly p12: Buffer
  readonly certificatePem: string
}

const DEFAULT_VALID_DAYS = 730

/**
 * Makes an RSA-2048 key and a self-signed certificate, and packs them as the official clients want them: subject `CN` is
 * the merchant id, subject `serialNumber` the key id, and the friendly name holds both.
 *
 * @throws OperatorError when the serial number or the password is not one that every client can read.
 */
export async function createMerchantP12(options: MerchantP12Options): Promise<MerchantP12> {
  const { merchantId, serialNumber, password, random, furtherCertificates = [] } = options
  checkReadable(serialNumber, password)
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const name = { commonName: merchantId, serialNumber }
  const extensions = [noAuthority(), keyUsage('digitalSignature', 'keyEncipherment')]
  const draft = { subject: name, publicKey, ...validityOf(options), extensions }
  const certificatePem = signCertificate(draft, { name, privateKey }, random)
  // The Node client looks for `cn=<merchant id>` in the friendly name, the PHP client in the subject.
  const friendlyName = `serialNumber=${serialNumber},CN=${merchantId}`
  const certificate = { friendlyName, certificatePem }
  const p12 = writeP12({ privateKey, certificate, furtherCertificates }, password, random)
  return { p12, certificatePem }
}

const SERIAL_NUMBER = /^[A-Za-z\d.-]{1,64}$/
const PASSWORD = /^[\x20-\x7e]+$/

function checkReadable(serialNumber: string, password: string): void {
  if (!SERIAL_NUMBER.test(serialNumber)) {
    throw new OperatorError(
      'The serial number cannot be put into a certificate.',
      'Use 1 to 64 letters, digits, points and hyphens.',
    )
  }
  if (PASSWORD.test(password)) return
  throw new OperatorError(
    'The password of the PKCS#12 file is empty or not ASCII, and clients would read it differently.',
    'Use letters, digits and the signs of an English keyboard.',
  )
}

function validityOf(options: MerchantP12Options): {
  readonly notBefore: Date
  readonly notAfter: Date
} {
  const { now, validDays = DEFAULT_VALID_DAYS } = options
  const notBefore = now()
  return { notBefore, notAfter: new Date(notBefore.getTime() + validDays * 86_400_000) }
}
