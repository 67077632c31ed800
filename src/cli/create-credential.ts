import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { systemClock, systemRandom, type Random } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import { createFile } from '../keys/create-file.ts'
import type { NewCredential } from '../merchant/administration.ts'
import { STRICT, type Allowances } from '../merchant/merchant.ts'
import type { P12Client, SecretClient } from '../merchant/client-configuration.ts'
import type { CredentialOptions } from './credential-options.ts'
import { drawSerialNumber } from './draw-serial-number.ts'
import { ensureMleKey } from './mle-key.ts'
import { readBytes } from './read-bytes.ts'
import type { Vault } from './vault.ts'

const SECRET_BYTES = 32

/** A credential to be stored, what is shown of it once, and the files that go with it. */
export interface CreatedCredential {
  readonly credential: Omit<NewCredential, 'merchantId'>
  readonly shown: ShownCredential
  /** What a client is configured with to sign; undefined when nothing is signed with the credential. */
  readonly client: SecretClient | P12Client | undefined
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
 * Makes what a merchant signs with: a shared secret, a p12 that official clients load, or a certificate of its own; or
 * takes a certificate to which its replies are encrypted.
 *
 * @throws OperatorError when a file cannot be read or holds something else.
 */
export function createCredential(
  merchantId: string,
  options: CreateOptions,
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
  { options, vault }: { readonly options: CreateOptions; readonly vault: Vault },
): Promise<CreatedCredential> {
  const { createMerchantP12 } = await import('../certificates/create-merchant-p12.ts')
  const { nameMleCertificate } = await import('../certificates/create-mle-key.ts')
  const keyId = drawSerialNumber(systemRandom)
  const path = typeof named === 'string' ? named : named(keyId)
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
    client: { merchantId, p12: resolve(path), password: shownPassword(merchantId, options) },
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
  const material = { kind, certificate: certificate.pem }
  const isForSigning = kind === 'certificate'
  const p12 = isP12
    ? { p12: resolve(path), password: shownPassword(merchantId, options) }
    : { p12: '<folder>/<name>.p12', password: PASSWORD_OF_P12 }
  return {
    credential: { keyId, material, allows: isForSigning ? readAllowances(options) : STRICT },
    shown: { merchantId, keyId, certificate: path },
    client: isForSigning ? { merchantId, ...p12 } : undefined,
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
  createFile(path, content, { ifThere: 'A key file is never overwritten: name another.' })
  let isStored = false
  try {
    isStored = await store()
    return isStored
  } finally {
    if (!isStored) rmSync(path)
  }
}
