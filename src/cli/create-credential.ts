import { rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { systemClock, type Random } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import type { NewCredential } from '../merchant/administration.ts'
import type { Allowances } from '../merchant/merchant.ts'
import type { P12Client, SecretClient } from './client-configuration.ts'
import type { CredentialOptions } from './credential-options.ts'
import { readBytes } from './read-bytes.ts'

const SECRET_BYTES = 32
const SERIAL_DIGITS = 22

/** A credential to be stored, what is shown of it once, and the files that go with it. */
export interface CreatedCredential {
  readonly credential: Omit<NewCredential, 'merchantId'>
  readonly shown: ShownCredential
  /** What a client is configured with. */
  readonly client: SecretClient | P12Client
  /** Goes around storing it: writes files first, and takes them away when it was not stored. */
  keepFilesIf(store: () => Promise<boolean>): Promise<boolean>
}

/** A new credential as it is printed, this once. */
export interface ShownCredential {
  readonly merchantId: string
  readonly keyId: string
  /** The shared secret in base64. */
  readonly secret?: string
  readonly p12?: string
  readonly certificate?: string
}

/** The flags of a credential; the file of a p12 can also be named after the key id. */
export type CreateOptions = Omit<CredentialOptions, 'p12'> & {
  readonly p12?: string | ((keyId: string) => string)
}

/**
 * Makes what a merchant signs with: a shared secret, a p12 that official clients load, or a certificate of its own.
 *
 * @throws OperatorError when a file cannot be read or holds something else.
 */
export function createCredential(
  merchantId: string,
  options: CreateOptions,
  random: Random,
): Promise<CreatedCredential> {
  if (options.certificate !== undefined)
    return registerCertificate(merchantId, options.certificate, options)
  if (options.p12 !== undefined) return createP12(merchantId, options.p12, { options, random })
  return Promise.resolve(createSecret(merchantId, options, random))
}

function createSecret(
  merchantId: string,
  options: CreateOptions,
  random: Random,
): CreatedCredential {
  const keyId = random.uuid()
  const secret = random.bytes(SECRET_BYTES)
  const shown = { merchantId, keyId, secret: secret.toString('base64') }
  const material = { kind: 'shared-secret', secret } as const
  const credential = { keyId, material, allows: readAllowances(options) }
  return { credential, shown, client: shown, keepFilesIf: (store) => store() }
}

async function createP12(
  merchantId: string,
  named: string | ((keyId: string) => string),
  { options, random }: { readonly options: CreateOptions; readonly random: Random },
): Promise<CreatedCredential> {
  const { createMerchantP12 } = await import('../certificates/create-merchant-p12.ts')
  const keyId = drawDigits(random, SERIAL_DIGITS)
  const path = typeof named === 'string' ? named : named(keyId)
  const password = readPassword(options) ?? merchantId
  const made = { merchantId, serialNumber: keyId, password, now: systemClock, random }
  const { p12, certificatePem } = await createMerchantP12(made)
  const material = { kind: 'certificate', certificate: certificatePem } as const
  return {
    credential: { keyId, material, allows: readAllowances(options) },
    shown: { merchantId, keyId, p12: path },
    client: { merchantId, p12: resolve(path), password: shownPassword(merchantId, options) },
    keepFilesIf: (store) => writeNewFile(path, p12, store),
  }
}

async function registerCertificate(
  merchantId: string,
  path: string,
  options: CreateOptions,
): Promise<CreatedCredential> {
  const { keyIdOf, readCertificate } = await import('../certificates/read-certificate.ts')
  const file = readBytes(path)
  const password = readPassword(options)
  const isP12 = password !== undefined || /\.(?:p12|pfx)$/i.test(path)
  const pem = isP12 ? await readFromP12(file, password ?? merchantId, merchantId) : file
  const certificate = readCertificate(pem, systemClock)
  if (certificate.merchantId !== merchantId) {
    throw new OperatorError(
      "The certificate is of another merchant: its subject's CN is not this merchant id.",
      `Register it for that merchant, or take one whose CN is ${merchantId}.`,
    )
  }
  const keyId = keyIdOf(certificate)
  const material = { kind: 'certificate', certificate: certificate.pem } as const
  return {
    credential: { keyId, material, allows: readAllowances(options) },
    shown: { merchantId, keyId, certificate: path },
    client: isP12
      ? { merchantId, p12: resolve(path), password: shownPassword(merchantId, options) }
      : { merchantId, p12: '<folder>/<name>.p12', password: PASSWORD_OF_P12 },
    keepFilesIf: (store) => store(),
  }
}

async function readFromP12(file: Buffer, password: string, merchantId: string): Promise<string> {
  const { readP12 } = await import('../certificates/read-p12.ts')
  return readP12(file, { password, merchantId }).certificatePem
}

const PASSWORD_OF_P12 = '<password of the p12>'

/** The merchant id, which everybody knows, or nothing that would tell the password. */
function shownPassword(merchantId: string, { p12PasswordFile }: CreateOptions): string {
  return p12PasswordFile === undefined ? merchantId : PASSWORD_OF_P12
}

function readAllowances(options: CreateOptions): Allowances {
  return {
    jwtV1: options.allowJwtV1 === true,
    undated: options.allowUndated === true,
    merchants: options.coverMerchants ?? [],
  }
}

function readPassword({ p12PasswordFile }: CreateOptions): string | undefined {
  return p12PasswordFile === undefined
    ? undefined
    : readBytes(p12PasswordFile)
        .toString('utf8')
        .replace(/\r?\n$/, '')
}

async function writeNewFile(
  path: string,
  content: Buffer,
  store: () => Promise<boolean>,
): Promise<boolean> {
  try {
    writeFileSync(path, content, { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    throw new OperatorError(
      `The file ${path} cannot be written.`,
      'A key file is never overwritten: name another.',
      cause,
    )
  }
  let isStored = false
  try {
    isStored = await store()
    return isStored
  } finally {
    if (!isStored) rmSync(path)
  }
}

/** Draws decimal digits, the first of them not 0. Slightly uneven: they name a key, and protect nothing. */
function drawDigits(random: Random, count: number): string {
  const digits = [...random.bytes(count)].map((byte) => byte % 10)
  return `${1 + ((digits[0] ?? 0) % 9)}${digits.slice(1).join('')}`
}
