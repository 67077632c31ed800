import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import forge from 'node-forge'
import { OperatorError } from '../errors.ts'

/** How to read a PKCS#12 file. */
export interface P12Options {
  readonly password: string
  /** The CN that the certificate has to have. Default is any, if only one certificate belongs to a private key. */
  readonly merchantId?: string
}

/** What a merchant signs with, out of a PKCS#12 file. */
export interface P12Signer extends P12Certificates {
  readonly privateKey: KeyObject
}

/** The certificates of a PKCS#12 file; its private keys stay there. */
export interface P12Certificates {
  /** The one that belongs to the private key, as PEM. Not yet checked otherwise. */
  readonly certificatePem: string
  /** All, in the order of the file, as PEM. */
  readonly certificatePems: readonly string[]
}

/**
 * Reads the certificates of a PKCS#12 file, encrypted in any of the ways that the official Node client reads.
 *
 * @throws OperatorError when the file or its password is not right, or when not exactly one certificate fits.
 */
export function readP12(file: Buffer, options: P12Options): P12Certificates {
  const { certificatePem, certificatePems } = readP12Signer(file, options)
  return { certificatePem, certificatePems }
}

/** Reads the certificates of a PKCS#12 file as {@link readP12} does, and the private key of the one that is found. */
export function readP12Signer(file: Buffer, options: P12Options): P12Signer {
  const { certificates, keys } = open(file, options.password)
  if (certificates.length === 0) {
    throw new OperatorError('The PKCS#12 file holds no certificate.', HOW_TO_EXPORT)
  }
  const ofKeys = certificates.filter((each) => keys.some((key) => each.checkPrivateKey(key)))
  if (ofKeys.length === 0) {
    throw new OperatorError(
      'The PKCS#12 file holds no private key that belongs to a certificate of it.',
      HOW_TO_EXPORT,
    )
  }
  const certificate = pick(ofKeys, options.merchantId)
  const privateKey = keys.find((key) => certificate.checkPrivateKey(key))
  if (privateKey === undefined) throw new TypeError('a certificate without the key it was found by')
  const certificatePems = certificates.map(String)
  return { certificatePem: certificate.toString(), certificatePems, privateKey }
}

const HOW_TO_EXPORT =
  'Export key and certificate into it: openssl pkcs12 -export -inkey <key> -in <certificate> -out <file>.'

interface Contents {
  readonly certificates: readonly X509Certificate[]
  readonly keys: readonly KeyObject[]
}

function open(file: Buffer, password: string): Contents {
  const bags = openBags(parse(file), password)
  try {
    const certificates = bags.filter(isCertificate).map(certificateIn)
    const keys = bags.filter((bag) => !isCertificate(bag)).map(privateKeyIn)
    return { certificates: distinct(certificates), keys }
  } catch (cause) {
    throw unreadable(cause)
  }
}

const CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3'

function isCertificate({ type }: forge.pkcs12.Bag): boolean {
  return type === CERTIFICATE_BAG
}

function parse(file: Buffer): forge.asn1.Asn1 {
  try {
    return forge.asn1.fromDer(file.toString('latin1'))
  } catch (cause) {
    throw notP12(cause)
  }
}

function openBags(asn1: forge.asn1.Asn1, password: string): readonly forge.pkcs12.Bag[] {
  try {
    const { safeContents } = forge.pkcs12.pkcs12FromAsn1(asn1, password)
    return safeContents.flatMap(({ safeBags }) => safeBags)
  } catch (cause) {
    // node-forge has no codes, and a wrong password can show as anything.
    const text = cause instanceof Error ? cause.message : ''
    if (text.includes('not an PKCS#12 PFX')) throw notP12(cause)
    throw /unsupported|only .* supported/i.test(text) ? unreadable(cause) : wrongPassword(cause)
  }
}

function notP12(cause: unknown): OperatorError {
  return new OperatorError(
    'The file is not a PKCS#12 file.',
    'Give the .p12 or .pfx file itself, whole; a certificate can also be given as PEM.',
    cause,
  )
}

function unreadable(cause: unknown): OperatorError {
  return new OperatorError(
    'The PKCS#12 file is made in a way that clients cannot read.',
    'Export it again with openssl pkcs12 -export -keypbe aes-256-cbc -macalg sha256.',
    cause,
  )
}

function wrongPassword(cause: unknown): OperatorError {
  return new OperatorError(
    'The password is not that of the PKCS#12 file.',
    'Give the one it was exported with, in the file that --p12-password-file names; the Node client cannot use one that is not ASCII, and neither can this.',
    cause,
  )
}

// node-forge takes RSA keys and their certificates apart, and leaves others as they are.

function certificateIn({ cert, asn1 }: forge.pkcs12.Bag): X509Certificate {
  return new X509Certificate(encode(cert ? forge.pki.certificateToAsn1(cert) : asn1))
}

function privateKeyIn({ key, asn1 }: forge.pkcs12.Bag): KeyObject {
  const pkcs8 = key ? forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(key)) : asn1
  return createPrivateKey({ key: encode(pkcs8), format: 'der', type: 'pkcs8' })
}

function encode(asn1: forge.asn1.Asn1): Buffer {
  return Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'latin1')
}

function distinct(certificates: readonly X509Certificate[]): readonly X509Certificate[] {
  return [...new Map(certificates.map((each) => [each.fingerprint256, each])).values()]
}

function pick(candidates: readonly X509Certificate[], merchantId?: string): X509Certificate {
  const isOfMerchant = (each: X509Certificate): boolean =>
    each.toLegacyObject().subject.CN === merchantId
  const fitting = merchantId === undefined ? candidates : candidates.filter(isOfMerchant)
  const [found, ...others] = fitting
  if (found === undefined) {
    throw new OperatorError(
      'No certificate in the PKCS#12 file that belongs to a private key has the merchant id as CN.',
      'Give the file of this merchant.',
    )
  }
  if (others.length === 0) return found
  throw new OperatorError(
    'Several certificates in the PKCS#12 file belong to a private key.',
    'Say by its CN which one is meant, or export one alone.',
  )
}
