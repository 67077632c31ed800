import { createHash, X509Certificate, type KeyObject } from 'node:crypto'
import type { Random } from '../clock-and-random.ts'
import { der, derInteger, derObjectIdentifier } from './der.ts'
import { authenticate, encryptKey } from './password-protection.ts'

// node-forge would write a MAC with SHA-1, names no further certificates, and draws its salts itself.

/** A certificate and the name under which a PKCS#12 file lists it. */
export interface NamedCertificate {
  readonly friendlyName: string
  readonly certificatePem: string
}

/** What a PKCS#12 file shall hold. */
export interface P12Contents {
  readonly privateKey: KeyObject
  /** The certificate of the key. */
  readonly certificate: NamedCertificate
  /** Certificates of others. */
  readonly furtherCertificates: readonly NamedCertificate[]
}

/**
 * Writes a PKCS#12 file (RFC 7292): the key encrypted, the certificates, which are public, in the clear, the whole
 * authenticated, both by the password.
 *
 * @param password - printable ASCII: readers differ in how they encode the rest.
 */
export function writeP12(contents: P12Contents, password: string, random: Random): Buffer {
  const { privateKey, certificate, furtherCertificates } = contents
  const localKeyId = createHash('sha1').update(derOf(certificate)).digest()
  const attributes = { friendlyName: certificate.friendlyName, localKeyId }
  const encryptedKey = encryptKey(privateKey, password, random)
  // Old Node clients take the first certificate for the merchant's.
  const certificates = [
    certificateBag(certificate, attributes),
    ...furtherCertificates.map((further) => certificateBag(further, further)),
  ]
  const safe = der(
    'sequence',
    dataContent(der('sequence', ...certificates)),
    dataContent(der('sequence', safeBag(OID.shroudedKeyBag, encryptedKey, attributes))),
  )
  const mac = authenticate(safe, password, random)
  return der('sequence', derInteger(3), dataContent(safe), mac)
}

const OID = {
  data: '1.2.840.113549.1.7.1',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certificateBag: '1.2.840.113549.1.12.10.1.3',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
} as const

function derOf({ certificatePem }: NamedCertificate): Buffer {
  return new X509Certificate(certificatePem).raw
}

function dataContent(data: Buffer): Buffer {
  return der('sequence', derObjectIdentifier(OID.data), der(0xa0, der('octetString', data)))
}

interface BagAttributes {
  readonly friendlyName: string
  /** The same for a key and its certificate. */
  readonly localKeyId?: Buffer
}

function certificateBag(certificate: NamedCertificate, attributes: BagAttributes): Buffer {
  const value = der(0xa0, der('octetString', derOf(certificate)))
  const bag = der('sequence', derObjectIdentifier(OID.x509Certificate), value)
  return safeBag(OID.certificateBag, bag, attributes)
}

function safeBag(type: string, value: Buffer, attributes: BagAttributes): Buffer {
  const { friendlyName, localKeyId } = attributes
  // A BMPString is big-endian.
  const name = der('bmpString', Buffer.from(friendlyName, 'utf16le').swap16())
  const written = [attribute(OID.friendlyName, name)]
  if (localKeyId !== undefined) {
    written.push(attribute(OID.localKeyId, der('octetString', localKeyId)))
  }
  return der('sequence', derObjectIdentifier(type), der(0xa0, value), der('set', ...written))
}

function attribute(type: string, value: Buffer): Buffer {
  return der('sequence', derObjectIdentifier(type), der('set', value))
}
