import { Command } from 'commander'
import { OperatorError } from '../errors.ts'
import type { Administration } from '../merchant/administration.ts'
import { isForSigning } from '../merchant/merchant.ts'
import {
  administer,
  administrativeCommand,
  keyIdTaken,
  noSuchMerchant,
  type Administer,
  type AdministrativeOptions,
} from './administer.ts'
import { createCredential, type ShownCredential } from './create-credential.ts'
import {
  addCredentialOptions,
  addMleCertificateOption,
  type CredentialOptions,
} from './credential-options.ts'
import { printCredential } from './describe-credential.ts'
import type { Vault } from './vault.ts'

const ADD_EXAMPLES = `
Examples:
  coatcheck credentials add shop-1
  coatcheck credentials add shop-1 --p12 shop-1.p12 --p12-password-file password.txt
  coatcheck credentials add shop-1 --certificate shop-1.pem --allow-jwt-v1
  coatcheck credentials add shop-1 --mle-certificate replies.pem`

const ROTATE_EXAMPLES = `
Both credentials are good until the old one is revoked. Change the client, then revoke:
  coatcheck credentials rotate shop-1
  coatcheck credentials revoke <old key id>`

/** Makes the command `coatcheck credentials`. */
export function credentialsCommand(): Command {
  const add = addMleCertificateOption(
    addCredentialOptions(administrativeCommand('add', 'Add a credential to a merchant.')),
  )
    .argument('<merchant>', 'merchant id')
    .addHelpText('after', ADD_EXAMPLES)
    .action((id: string, options: AdministrativeOptions & CredentialOptions) =>
      administer(options, addCredential(id, options)),
    )
  const rotate = addCredentialOptions(
    administrativeCommand(
      'rotate',
      'Add a credential beside the one that is used, to take its place.',
    ),
  )
    .argument('<merchant>', 'merchant id')
    .addHelpText('after', ROTATE_EXAMPLES)
    .action((id: string, options: AdministrativeOptions & CredentialOptions) =>
      administer(options, rotateCredential(id, options)),
    )
  const revoke = administrativeCommand(
    'revoke',
    'Refuse a credential from now on: everywhere within 10 seconds.',
  )
    .argument('<key-id>', 'key id, or the serial number of a certificate')
    .action((keyId: string, options: AdministrativeOptions) =>
      administer(options, revokeCredential(keyId)),
    )
  const command = new Command('credentials').description(
    'Add, rotate and revoke what merchants sign with.',
  )
  for (const child of [add, rotate, revoke]) command.addCommand(child)
  return command
}

function addCredential(merchantId: string, options: CredentialOptions): Administer {
  return async function add(administration, printer, vault): Promise<void> {
    const shown = await addOne(administration, vault, { merchantId, options })
    printCredential(printer, shown)
  }
}

function rotateCredential(merchantId: string, options: CredentialOptions): Administer {
  return async function rotate(administration, printer, vault): Promise<void> {
    const live = (await administration.listCredentials(merchantId)).filter(
      (credential) => credential.revokedAt === undefined && isForSigning(credential),
    )
    if (live.length > 1) {
      throw new OperatorError(
        `${merchantId} has ${live.length} live credentials already.`,
        'Revoke those that are not used any more, then rotate.',
      )
    }
    const shown = await addOne(administration, vault, { merchantId, options })
    const replaces = live.map(({ keyId }) => keyId)
    printCredential(printer, shown, { replaces })
    for (const keyId of replaces) printer.note(`Then: coatcheck credentials revoke ${keyId}`)
  }
}

async function addOne(
  administration: Administration,
  vault: Vault,
  { merchantId, options }: { readonly merchantId: string; readonly options: CredentialOptions },
): Promise<ShownCredential> {
  const { credential, shown, keepFilesIf } = await createCredential(merchantId, options, vault)
  const isAdded = await keepFilesIf(() =>
    administration.addCredential({ ...credential, merchantId }),
  )
  if (isAdded) return shown
  const merchants = await administration.list()
  if (!merchants.some(({ id }) => id === merchantId)) throw noSuchMerchant(merchantId)
  throw keyIdTaken(credential.keyId)
}

function revokeCredential(keyId: string): Administer {
  return async function revoke(administration, printer): Promise<void> {
    if (!(await administration.revokeCredential(keyId))) {
      throw new OperatorError(
        `There is no credential with the key id ${keyId}.`,
        'See "coatcheck merchants show <id>".',
      )
    }
    printer.result(`${keyId} is revoked: every process refuses it within 10 seconds.`, {
      keyId,
      state: 'revoked',
    })
  }
}
