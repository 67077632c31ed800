import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Now } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import type { ServerCertificate } from './constrained-authority.ts'

/** Where the certificate of a TLS server and its key are. */
export interface ServerCertificateFiles {
  /** PEM: the server's own certificate first, then those of its issuers. */
  readonly certFile: string
  /** PEM, unencrypted. */
  readonly keyFile: string
}

/**
 * Reads what a TLS server needs.
 *
 * @throws OperatorError unless both files can be read, the key by its owner only, the two belong together, and the certificate is
 * good now. Who issued it is not verified, nor whom it is for.
 */
export function readServerCertificate(
  { certFile, keyFile }: ServerCertificateFiles,
  now: Now,
): ServerCertificate {
  const { text: certificatePem } = readFile(certFile, '--tls-cert-file')
  const chain = parseChain(certificatePem, certFile)
  const keyPem = readPrivateText(keyFile)
  checkPair(chain, parseKey(keyPem, keyFile), { certFile, keyFile })
  for (const certificate of chain) checkValidity(certificate, certFile, now())
  try {
    createSecureContext({ cert: certificatePem, key: keyPem })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new OperatorError(
      `TLS cannot use the certificate of ${certFile}: ${why}.`,
      'Have one issued for an RSA key of at least 2048 bits or for P-256.',
      cause,
    )
  }
  return { certificatePem, keyPem }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

type Chain = readonly [X509Certificate, ...X509Certificate[]]

/** Returns the certificates of a PEM that {@link readServerCertificate} has read, the server's own first. */
export function chainOf(certificatePem: string): Chain {
  const [first = '', ...others] = certificatePem.match(CERTIFICATE) ?? []
  return [new X509Certificate(first), ...others.map((text) => new X509Certificate(text))]
}

function parseChain(pem: string, certFile: string): Chain {
  try {
    return chainOf(pem)
  } catch (cause) {
    throw new OperatorError(
      `${certFile} holds no certificate in PEM that can be read.`,
      'It must begin with -----BEGIN CERTIFICATE-----: the own certificate first, then those of its issuers.',
      cause,
    )
  }
}

function parseKey(pem: string, keyFile: string): KeyObject {
  if (pem.includes('ENCRYPTED')) {
    throw new OperatorError(
      `The key of ${keyFile} is encrypted, and nobody is there to give its password.`,
      `Decrypt it with "openssl pkey -in ${keyFile} -out <new file>" and make that readable by its owner only.`,
    )
  }
  try {
    return createPrivateKey(pem)
  } catch (cause) {
    throw new OperatorError(
      `${keyFile} holds no private key in PEM that can be read.`,
      'It must begin with -----BEGIN PRIVATE KEY-----.',
      cause,
    )
  }
}

function checkPair(
  chain: Chain,
  key: KeyObject,
  { certFile, keyFile }: ServerCertificateFiles,
): void {
  const position = chain.findIndex((certificate) => certificate.checkPrivateKey(key))
  if (position === 0) return
  if (position > 0) {
    throw new OperatorError(
      `The certificate that the key of ${keyFile} belongs to is not the first in ${certFile}.`,
      'Put the own certificate first, then those of its issuers.',
    )
  }
  throw new OperatorError(
    `The key of ${keyFile} does not belong to the certificate of ${certFile}.`,
    'Name the key that the certificate was issued for with --tls-key-file.',
  )
}

function checkValidity(
  { validFromDate, validToDate }: X509Certificate,
  certFile: string,
  now: Date,
): void {
  if (now > validToDate) {
    throw new OperatorError(
      `A certificate in ${certFile} has expired on ${validToDate.toISOString()}.`,
      'Have it renewed, and put the new one in its place.',
    )
  }
  if (now < validFromDate) {
    throw new OperatorError(
      `A certificate in ${certFile} is good only from ${validFromDate.toISOString()} on.`,
      'Check the clock of this machine, or wait.',
    )
  }
}

const OTHERS_MAY_READ = 0o077

function readPrivateText(path: string): string {
  const { mode, text } = readFile(path, '--tls-key-file')
  if ((mode & OTHERS_MAY_READ) === 0) return text
  throw new OperatorError(`The key file ${path} can be read by others.`, `Run: chmod 600 ${path}`)
}

/** Reads a file and its mode of the same moment. */
function readFile(path: string, flag: string): { readonly mode: number; readonly text: string } {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    return { mode: fstatSync(file).mode, text: readFileSync(file, 'utf8') }
  } catch (cause) {
    throw new OperatorError(
      `The file ${path} cannot be read.`,
      `Name one that is there and that this user may read with ${flag}.`,
      cause,
    )
  } finally {
    if (file !== undefined) closeSync(file)
  }
}
