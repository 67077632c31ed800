import { createPublicKey, sign, X509Certificate, type KeyObject } from 'node:crypto'
import type { Random } from '../clock-and-random.ts'
import { der, derInteger, derObjectIdentifier, derTime } from './der.ts'
import { authorityKeyIdentifier, subjectKeyIdentifier, type Extension } from './extensions.ts'

/** A distinguished name. */
export interface Name {
  readonly commonName: string
  /** The attribute of OID 2.5.4.5, of letters, digits and a few signs; not the certificate's own number. Default is none. */
  readonly serialNumber?: string
}

/** What a certificate shall say. */
export interface CertificateDraft {
  readonly subject: Name
  readonly publicKey: KeyObject
  readonly notBefore: Date
  readonly notAfter: Date
  /** Beside those that name the keys, which every certificate gets. */
  readonly extensions: readonly Extension[]
}

/** Who signs a certificate; its own subject and key make it self-signed. */
export interface Issuer {
  readonly name: Name
  /** RSA or EC, of P-256 at least. */
  readonly privateKey: KeyObject
}

/** Signs an X.509 certificate with SHA-256, under a random number, and returns it as PEM. */
export function signCertificate(draft: CertificateDraft, issuer: Issuer, random: Random): string {
  const algorithm = signatureAlgorithm(issuer.privateKey)
  const toBeSigned = der(
    'sequence',
    der(0xa0, derInteger(VERSION_3)),
    randomNumber(random),
    algorithm,
    encodeName(issuer.name),
    der('sequence', derTime(draft.notBefore), derTime(draft.notAfter)),
    encodeName(draft.subject),
    draft.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der('sequence', ...allExtensions(draft, issuer))),
  )
  const signature = der('bitString', NO_UNUSED_BITS, sign('sha256', toBeSigned, issuer.privateKey))
  return new X509Certificate(der('sequence', toBeSigned, algorithm, signature)).toString()
}

const VERSION_3 = 2
const NO_UNUSED_BITS = Buffer.of(0)

function randomNumber(random: Random): Buffer {
  // The first byte keeps it positive and of one length (RFC 5280 §4.1.2.2).
  return der('integer', Buffer.of(0x40), random.bytes(15))
}

function signatureAlgorithm(privateKey: KeyObject): Buffer {
  if (privateKey.asymmetricKeyType === 'ec') {
    return der('sequence', derObjectIdentifier('1.2.840.10045.4.3.2'))
  }
  return der('sequence', derObjectIdentifier('1.2.840.113549.1.1.11'), der('null'))
}

function encodeName({ commonName, serialNumber }: Name): Buffer {
  const attributes = [attribute('2.5.4.3', der('utf8String', Buffer.from(commonName)))]
  if (serialNumber !== undefined) {
    attributes.push(attribute('2.5.4.5', der('printableString', Buffer.from(serialNumber))))
  }
  return der('sequence', ...attributes)
}

function attribute(oid: string, value: Buffer): Buffer {
  return der('set', der('sequence', derObjectIdentifier(oid), value))
}

function allExtensions(draft: CertificateDraft, { privateKey }: Issuer): readonly Extension[] {
  return [
    ...draft.extensions,
    subjectKeyIdentifier(draft.publicKey),
    authorityKeyIdentifier(createPublicKey(privateKey)),
  ]
}
