import { InvalidArgumentError, Option, type Command } from 'commander'
import { isMerchantId, type Allowances, type Merchant } from '../merchant/merchant.ts'

/** What a credential is made of and allowed, as flags. */
export interface CredentialOptions {
  /** A file to be written: a new key and certificate. */
  readonly p12?: string
  /** A file that holds the password of the p12. */
  readonly p12PasswordFile?: string
  /** A file to be read: a certificate in PEM, or a p12. */
  readonly certificate?: string
  /** As `certificate`, but for encrypting replies to. */
  readonly mleCertificate?: string
  readonly allowJwtV1?: boolean
  readonly allowUndated?: boolean
  readonly coverMerchants?: readonly string[]
}

/** Adds the flags of a credential to a command; without any it is a shared secret. */
export function addCredentialOptions(command: Command): Command {
  return command
    .option(
      '--p12 <file>',
      'make a key and certificate instead of a secret, and write them into a p12',
    )
    .option(
      '--p12-password-file <file>',
      'file that holds the password of the p12 (default: the merchant id)',
    )
    .addOption(
      new Option(
        '--certificate <file>',
        'register a certificate (PEM, or a p12) instead of a secret',
      ).conflicts('p12'),
    )
    .option('--allow-jwt-v1', 'accept JWT version 1: bound to no path, good again for minutes')
    .option('--no-allow-jwt-v1', 'do not, though its merchant or the old credential does')
    .option('--allow-undated', 'accept HTTP Signatures without a date: good again for ever')
    .option('--no-allow-undated', 'do not, though the old credential does')
    .option(
      '--cover-merchants <ids>',
      'further merchants that it may act for, between commas (meta key)',
      parseIds,
    )
}

/** Adds the flag of a certificate that nothing is signed with. */
export function addMleCertificateOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--mle-certificate <file>',
      'register a certificate (PEM, or a p12) to which replies are encrypted on demand, instead of a secret',
    ).conflicts(['p12', 'certificate', 'allowJwtV1', 'allowUndated', 'coverMerchants']),
  )
}

/** Fills in from a merchant's settings what the flags do not say of a new credential. */
export function withDefaults(
  options: CredentialOptions,
  { jwtV1 = false }: Pick<Merchant, 'jwtV1'>,
): CredentialOptions {
  return { ...options, allowJwtV1: options.allowJwtV1 ?? jwtV1 }
}

/** Fills in from the credential that is replaced what the flags do not say. */
export function inherit(
  options: CredentialOptions,
  { jwtV1, undated, merchants }: Allowances,
): CredentialOptions {
  return {
    ...options,
    allowJwtV1: options.allowJwtV1 ?? jwtV1,
    allowUndated: options.allowUndated ?? undated,
    coverMerchants: options.coverMerchants ?? merchants,
  }
}

function parseIds(text: string): readonly string[] {
  const ids = text.split(',').map((id) => id.trim())
  if (ids.every(isMerchantId)) return ids
  throw new InvalidArgumentError('It is merchant ids with commas between them.')
}
