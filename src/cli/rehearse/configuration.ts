import type { KeyObject } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { systemClock } from '../../clock-and-random.ts'
import { parseOrigin } from '../../client/origin.ts'
import { OperatorError, UsageError } from '../../errors.ts'
import { objectMember, parseJsonObject, stringMember } from '../../protocol/parse.ts'
import { DEFAULT_URL, DEV_CREDENTIALS_FILE, isLoopback } from '../connection.ts'
import { readBytes } from '../read-bytes.ts'
import { readText, readTextFile } from '../read-text.ts'

/** The options that make up a configuration; those that are given win over the file of credentials. */
export interface ConfigurationOptions {
  readonly url?: string
  readonly credentials?: string
  readonly merchantId?: string
  readonly keyId?: string
  readonly secretFile?: string
  readonly p12?: string
  readonly p12PasswordFile?: string
  readonly mleCertificate?: string
  readonly mleReplyP12?: string
  readonly mleReplyPasswordFile?: string
}

/** A shared secret. */
export interface SecretCredential {
  readonly keyId: string
  /** Standard base64. */
  readonly secret: string
}

/** A private key and its certificate, in PEM. */
export interface CertificateCredential {
  /** The serialNumber in the subject; undefined when there is none, and only JWTs of version 1 can be signed. */
  readonly keyId: string | undefined
  readonly privateKey: KeyObject
  readonly certificatePem: string
}

/** A key of the service to which requests are encrypted. */
export interface RequestKey {
  readonly kid: string
  readonly publicKey: KeyObject
}

/** What a merchant's client is configured with. What is undefined is not. */
export interface Configuration {
  readonly url: string
  readonly merchantId: string
  readonly secret: SecretCredential | undefined
  readonly p12: CertificateCredential | undefined
  readonly mleRequest: RequestKey | undefined
  /** The key with which replies are decrypted. */
  readonly mleReply: CertificateCredential | undefined
}

/**
 * Reads what is to be rehearsed, from flags and a file of credentials.
 *
 * @throws OperatorError when there is nothing to sign with, or a file cannot be used; UsageError when a flag lacks another.
 */
export async function readConfiguration(options: ConfigurationOptions): Promise<Configuration> {
  const file = readCredentials(options)
  const url = options.url ?? file.url ?? DEFAULT_URL
  const merchantId = options.merchantId ?? file.merchantId
  if (merchantId === undefined) throw noMerchant()
  const secret = await readSecret(options, file)
  const p12File = findP12(options, file, merchantId)
  const opened = p12File && (await openP12(p12File, merchantId))
  const reply = options.mleReplyP12 && {
    file: options.mleReplyP12,
    password: readPassword(options.mleReplyPasswordFile) ?? merchantId,
  }
  if (secret === undefined && opened === undefined) throw nothingToSignWith()
  const mleCertificate = options.mleCertificate ?? file.mleCertificate
  const mleReply = reply ? await openP12(reply, merchantId) : opened
  return {
    url,
    merchantId,
    secret,
    p12: opened,
    mleRequest: await readRequestKey(mleCertificate, opened?.furtherPems ?? []),
    mleReply: mleReply?.keyId === undefined ? undefined : mleReply,
  }
}

interface P12File {
  readonly file: string
  readonly password: string
}

interface Credentials {
  readonly url?: string | undefined
  readonly merchantId?: string | undefined
  readonly keyId?: string | undefined
  readonly secret?: string | undefined
  readonly p12?: P12File | undefined
  readonly mleCertificate?: string | undefined
}

/** Reads the file that is named; else, where no merchant is named either, the one that `coatcheck dev` leaves, on loopback only. */
function readCredentials({ credentials, merchantId, url }: ConfigurationOptions): Credentials {
  if (credentials !== undefined) return readFile(credentials)
  if (merchantId !== undefined || !existsSync(DEV_CREDENTIALS_FILE)) return {}
  const ofDev = readFile(DEV_CREDENTIALS_FILE)
  return isLoopback(url ?? ofDev.url ?? DEFAULT_URL) ? ofDev : {}
}

function readFile(path: string): Credentials {
  const members = parseJsonObject(readTextFile(path, 'the credentials'))
  if (members === undefined) throw notCredentials(path)
  const written = stringMember(members, 'url')
  const url = written === undefined ? undefined : parseOrigin(written)
  if (written !== undefined && url === undefined) throw notCredentials(path)
  const p12 = objectMember(members, 'p12') ?? {}
  const p12File = stringMember(p12, 'file')
  const beside = (file: string): string => resolve(dirname(path), file)
  const mleCertificate = stringMember(members, 'mleCertificate')
  return {
    url,
    merchantId: stringMember(members, 'merchantId'),
    keyId: stringMember(members, 'keyId'),
    secret: stringMember(members, 'secret'),
    p12:
      p12File === undefined
        ? undefined
        : { file: beside(p12File), password: stringMember(p12, 'password') ?? '' },
    mleCertificate: mleCertificate && beside(mleCertificate),
  }
}

async function readSecret(
  options: ConfigurationOptions,
  file: Credentials,
): Promise<SecretCredential | undefined> {
  const { keyId = file.keyId, secretFile } = options
  const secret =
    secretFile === undefined ? file.secret : (await readText(secretFile, 'the secret')).trim()
  if (keyId !== undefined && secret !== undefined) return { keyId, secret }
  if (secretFile === undefined && options.keyId === undefined) return undefined
  throw new UsageError(
    'A shared secret needs both its key id and itself.',
    'Name the key id with --key-id, and the file that holds the secret with --secret-file.',
  )
}

function findP12(
  { p12, p12PasswordFile }: ConfigurationOptions,
  file: Credentials,
  merchantId: string,
): P12File | undefined {
  const password = readPassword(p12PasswordFile)
  if (p12 !== undefined) return { file: p12, password: password ?? merchantId }
  return file.p12 && { ...file.p12, password: password ?? file.p12.password }
}

function readPassword(path: string | undefined): string | undefined {
  return path === undefined
    ? undefined
    : readTextFile(path, 'the password of the p12').replace(/\r?\n$/, '')
}

interface OpenedP12 extends CertificateCredential {
  /** The certificates beside the merchant's. */
  readonly furtherPems: readonly string[]
}

async function openP12({ file, password }: P12File, merchantId: string): Promise<OpenedP12> {
  const { readP12Signer } = await import('../../certificates/read-p12.ts')
  const { readCertificate } = await import('../../certificates/read-certificate.ts')
  const read = readP12Signer(readBytes(file), { password, merchantId })
  const { certificatePem, privateKey } = read
  const { serialNumber: keyId } = readCertificate(certificatePem, systemClock)
  const furtherPems = read.certificatePems.filter((pem) => pem !== certificatePem)
  return { keyId, privateKey, certificatePem, furtherPems }
}

/** The certificate that is named, else the one that official clients would find in the p12. */
async function readRequestKey(
  path: string | undefined,
  pems: readonly string[],
): Promise<RequestKey | undefined> {
  const { keyIdOf, readCertificate } = await import('../../certificates/read-certificate.ts')
  if (path !== undefined) {
    const certificate = readCertificate(readBytes(path), systemClock)
    return { kid: keyIdOf(certificate), publicKey: certificate.publicKey }
  }
  const { MLE_ALIAS } = await import('../../certificates/create-mle-key.ts')
  const found = pems
    .map((pem) => readCertificate(pem, systemClock))
    .find(({ merchantId, serialNumber }) => merchantId === MLE_ALIAS && serialNumber)
  return found && { kid: keyIdOf(found), publicKey: found.publicKey }
}

function noMerchant(): OperatorError {
  return new OperatorError(
    'There is no merchant to rehearse.',
    `Run "coatcheck dev --credentials flex.json", and name that file with --credentials; or name --merchant-id and what it signs with.`,
  )
}

function nothingToSignWith(): OperatorError {
  return new OperatorError(
    'There is nothing to sign with.',
    'Name --key-id and --secret-file, or --p12, or a file with --credentials.',
  )
}

function notCredentials(path: string): OperatorError {
  return new OperatorError(
    `${path} is not a credentials file.`,
    'It must be JSON like {"url":"http://127.0.0.1:4010","merchantId":"…","keyId":"…","secret":"<base64>","p12":{"file":"…","password":"…"}}.',
  )
}
