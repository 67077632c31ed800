import { Command } from 'commander'
import { systemRandom } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import type { Administration } from '../merchant/administration.ts'
import {
  administer,
  administrativeCommand,
  keyIdTaken,
  noSuchMerchant,
  type Administer,
  type AdministrativeOptions,
} from './administer.ts'
import { createCredential, type ShownCredential } from './create-credential.ts'
import { addCredentialOptions, type CredentialOptions } from './credential-options.ts'
import { printCredential } from './describe-credential.ts'
import { examples } from './examples.ts'

const ADD_EXAMPLES = `
Examples:
  coatcheck credentials add shop-1
  coatcheck credentials add shop-1 --p12 shop-1.p12 --p12-password-file password.txt
  coatcheck credentials add shop-1 --certificate shop-1.pem --allow-jwt-v1`

const ROTATE_EXAMPLES = `
Both credentials are good until the old one is revoked. Change the client, then revoke.

Examples:
  coatcheck credentials rotate shop-1
  coatcheck credentials revoke 3c86d680-1200-4f44-b7dd-8a79035ced34`

/** Makes the command `coatcheck credentials`. */
export function credentialsCommand(): Command {
  const add = addCredentialOptions(administrativeCommand('add', 'Add a credential to a merchant.'))
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
    .addHelpText(
      'after',
      examples('coatcheck credentials revoke 3c86d680-1200-4f44-b7dd-8a79035ced34'),
    )
    .argument('<key-id>', 'key id, or the serial number of a certificate')
    .action((keyId: string, options: AdministrativeOptions) =>
      administer(options, revokeCredential(keyId)),
    )
  const command = new Command('credentials')
    .description('Add, rotate and revoke what merchants sign with.')
    .addHelpText(
      'after',
      examples('coatcheck credentials add shop-1', 'coatcheck credentials rotate shop-1'),
    )
  for (const child of [add, rotate, revoke]) command.addCommand(child)
  return command
}

function addCredential(merchantId: string, options: CredentialOptions): Administer {
  return async function add(administration, printer): Promise<void> {
    const shown = await addOne(administration, merchantId, options)
    printCredential(printer, shown)
  }
}

function rotateCredential(merchantId: string, options: CredentialOptions): Administer {
  return async function rotate(administration, printer): Promise<void> {
    const live = (await administration.listCredentials(merchantId)).filter(
      ({ revokedAt }) => revokedAt === undefined,
    )
    if (live.length > 1) {
      throw new OperatorError(
        `${merchantId} has ${live.length} live credentials already.`,
        'Revoke those that are not used any more, then rotate.',
      )
    }
    const shown = await addOne(administration, merchantId, options)
    const replaces = live.map(({ keyId }) => keyId)
    printCredential(printer, shown, { replaces })
    for (const keyId of replaces) printer.note(`Then: coatcheck credentials revoke ${keyId}`)
  }
}

async function addOne(
  administration: Administration,
  merchantId: string,
  options: CredentialOptions,
): Promise<ShownCredential> {
  const { credential, shown, keepFilesIf } = await createCredential(
    merchantId,
    options,
    systemRandom,
  )
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
