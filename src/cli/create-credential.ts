import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { systemClock, systemRandom, type Random } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import type { NewCredential } from '../merchant/administration.ts'
import type { Allowances } from '../merchant/merchant.ts'
import type { CredentialOptions } from './credential-options.ts'
import { drawSerialNumber } from './draw-serial-number.ts'
import { ensureMleKey } from './mle-key.ts'
import type { Vault } from './vault.ts'

const SECRET_BYTES = 32

/** A credential to be stored, what is shown of it once, and the files that go with it. */
export interface CreatedCredential {
  readonly credential: Omit<NewCredential, 'merchantId'>
  readonly shown: ShownCredential
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

/**
 * Makes what a merchant signs with: a shared secret, a p12 that official clients load, or a certificate of its own; or
 * takes a certificate to which its replies are encrypted.
 *
 * @throws OperatorError when a file cannot be read or holds something else.
 */
export function createCredential(
  merchantId: string,
  options: CredentialOptions,
  vault: Vault,
): Promise<CreatedCredential> {
  const { certificate, mleCertificate, p12 } = options
  if (certificate !== undefined) {
    return registerCertificate(merchantId, { kind: 'certificate', path: certificate }, options)
  }
  if (mleCertificate !== undefined) {
    const brought = { kind: 'mle-certificate', path: mleCertificate } as const
    return registerCertificate(merchantId, brought, options)
  }
  if (p12 !== undefined) return createP12(merchantId, p12, { options, vault })
  return Promise.resolve(createSecret(merchantId, options, systemRandom))
}

function createSecret(
  merchantId: string,
  options: CredentialOptions,
  random: Random,
): CreatedCredential {
  const keyId = random.uuid()
  const secret = random.bytes(SECRET_BYTES)
  const shown = { merchantId, keyId, secret: secret.toString('base64') }
  const material = { kind: 'shared-secret', secret } as const
  const credential = { keyId, material, allows: readAllowances(options) }
  return { credential, shown, keepFilesIf: (store) => store() }
}

async function createP12(
  merchantId: string,
  path: string,
  { options, vault }: { readonly options: CredentialOptions; readonly vault: Vault },
): Promise<CreatedCredential> {
  const { createMerchantP12 } = await import('../certificates/create-merchant-p12.ts')
  const { nameMleCertificate } = await import('../certificates/create-mle-key.ts')
  const keyId = drawSerialNumber(systemRandom)
  const { p12, certificatePem } = await createMerchantP12({
    merchantId,
    serialNumber: keyId,
    password: readPassword(options) ?? merchantId,
    furtherCertificates: [nameMleCertificate(await ensureMleKey(vault))],
    now: systemClock,
    random: systemRandom,
  })
  const material = { kind: 'certificate', certificate: certificatePem } as const
  return {
    credential: { keyId, material, allows: readAllowances(options) },
    shown: { merchantId, keyId, p12: path },
    keepFilesIf: (store) => writeNewFile(path, p12, store),
  }
}

interface BroughtCertificate {
  readonly kind: 'certificate' | 'mle-certificate'
  readonly path: string
}

async function registerCertificate(
  merchantId: string,
  { kind, path }: BroughtCertificate,
  options: CredentialOptions,
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
  const material = { kind, certificate: certificate.pem }
  return {
    credential: { keyId, material, allows: readAllowances(options) },
    shown: { merchantId, keyId, certificate: path },
    keepFilesIf: (store) => store(),
  }
}

async function readFromP12(file: Buffer, password: string, merchantId: string): Promise<string> {
  const { readP12 } = await import('../certificates/read-p12.ts')
  return readP12(file, { password, merchantId }).certificatePem
}

function readAllowances(options: CredentialOptions): Allowances {
  return {
    jwtV1: options.allowJwtV1 === true,
    undated: options.allowUndated === true,
    merchants: options.coverMerchants ?? [],
  }
}

function readPassword({ p12PasswordFile }: CredentialOptions): string | undefined {
  return p12PasswordFile === undefined
    ? undefined
    : readBytes(p12PasswordFile)
        .toString('utf8')
        .replace(/\r?\n$/, '')
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new OperatorError(
      `The file ${path} cannot be read.`,
      'Check its name and permissions.',
      cause,
    )
  }
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
