import { Command } from 'commander'
import { OperatorError } from '../errors.ts'
import {
  administer,
  administrativeCommand,
  findMerchant,
  type Administer,
  type AdministrativeOptions,
} from './administer.ts'
import {
  addCredentialOptions,
  addMleCertificateOption,
  withDefaults,
  type CredentialOptions,
} from './credential-options.ts'
import { printCredential } from './describe-credential.ts'
import { examples } from './examples.ts'
import { rotateCredential, type RotateOptions } from './rotate-credential.ts'
import { readSettings } from './settings.ts'
import { showableCredential } from './show-merchant.ts'
import { storeCredential } from './store-credential.ts'

const ADD_EXAMPLES = `
Examples:
  coatcheck credentials add shop-1
  coatcheck credentials add shop-1 --p12 shop-1.p12 --p12-password-file password.txt
  coatcheck credentials add shop-1 --certificate shop-1.pem --allow-jwt-v1
  coatcheck credentials add shop-1 --mle-certificate replies.pem`

const ROTATE_EXAMPLES = `
Both credentials are good until the old one is revoked. Change the clients, then revoke.

Examples:
  coatcheck credentials rotate shop-1
  coatcheck credentials rotate shop-1 --p12 new.p12 --p12-password-file password.txt
  coatcheck credentials revoke 3c86d680-1200-4f44-b7dd-8a79035ced34`

/** Makes the command `coatcheck credentials`. */
export function credentialsCommand(): Command {
  const add = addMleCertificateOption(
    addCredentialOptions(
      administrativeCommand('add', 'Add a credential to a merchant.', ['origin']),
    ),
  )
    .argument('<merchant>', 'merchant id')
    .addHelpText('after', ADD_EXAMPLES)
    .action((id: string, options: AdministrativeOptions & CredentialOptions) =>
      administer(options, addCredential(id, options)),
    )
  const list = administrativeCommand('list', 'List credentials, revoked ones included.')
    .addHelpText(
      'after',
      examples('coatcheck credentials list', 'coatcheck credentials list shop-1 --json'),
    )
    .argument('[merchant]', 'merchant id (default: all)')
    .action((id: string | undefined, options: AdministrativeOptions) =>
      administer(options, listCredentials(id)),
    )
  const rotate = addCredentialOptions(
    administrativeCommand(
      'rotate',
      'Add a credential of the same kind, allowed the same, to take the place of the one that is used.',
      ['origin'],
    ),
  )
    .option('--replace <key-id>', 'the credential to be replaced, where several are live')
    .argument('<merchant>', 'merchant id')
    .addHelpText('after', ROTATE_EXAMPLES)
    .action((id: string, options: AdministrativeOptions & RotateOptions) =>
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
    .description('Add, list, rotate and revoke what merchants sign with.')
    .addHelpText(
      'after',
      examples('coatcheck credentials add shop-1', 'coatcheck credentials rotate shop-1'),
    )
  for (const child of [add, list, rotate, revoke]) command.addCommand(child)
  return command
}

function addCredential(merchantId: string, options: CredentialOptions): Administer {
  return async function add(administration, printer, vault): Promise<void> {
    const merchant = await findMerchant(administration, merchantId)
    const created = await storeCredential(
      { administration, vault },
      merchantId,
      withDefaults(options, merchant),
    )
    await printCredential(printer, created, { origin: readSettings({ ...options }).origin })
  }
}

function listCredentials(merchantId: string | undefined): Administer {
  return async function list(administration, printer): Promise<void> {
    if (merchantId !== undefined) await findMerchant(administration, merchantId)
    const credentials = (await administration.listCredentials(merchantId)).map((credential) => ({
      merchantId: credential.merchantId,
      ...showableCredential(credential),
    }))
    const rows = credentials.map(
      ({ merchantId: owner, keyId, kind, state }) => `${owner}  ${keyId}  ${kind}  ${state}`,
    )
    const none = 'There are no credentials. Add one: coatcheck credentials add <merchant>'
    printer.result(rows.length === 0 ? none : rows.join('\n'), { credentials })
  }
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
