import { Command } from 'commander'
import { epochSeconds, systemClock } from '../clock-and-random.ts'
import { OperatorError, UsageError } from '../errors.ts'
import type { Administration } from '../merchant/administration.ts'
import { isMerchantId, type Merchant } from '../merchant/merchant.ts'
import {
  administer,
  administrativeCommand,
  findMerchant,
  keyIdTaken,
  noSuchMerchant,
  type Administer,
  type AdministrativeOptions,
} from './administer.ts'
import { createCredential } from './create-credential.ts'
import { addCredentialOptions, withDefaults, type CredentialOptions } from './credential-options.ts'
import { printCredential } from './describe-credential.ts'
import { examples } from './examples.ts'
import { addMerchantOptions, changesOf, type MerchantOptions } from './merchant-options.ts'
import { NO_SETTINGS } from './merchant-settings.ts'
import type { Printer } from './print.ts'
import { readSettings } from './settings.ts'
import { defaultsOf, merchantRows, showableMerchant } from './show-merchant.ts'

/** Makes the command `coatcheck merchants`. */
export function merchantsCommand(): Command {
  const add = addCredentialOptions(
    addMerchantOptions(
      administrativeCommand('add', 'Add a merchant and its first credential.', ['origin']),
    ),
  )
    .argument('<id>', 'merchant id: 1 to 50 of letters, digits, "_", "." and "-"')
    .addHelpText('after', ADD_EXAMPLES)
    .action((id: string, options: AdministrativeOptions & MerchantOptions & CredentialOptions) =>
      administer(options, addMerchant(id, options)),
    )
  const list = administrativeCommand('list', 'List the merchants.')
    .addHelpText('after', examples('coatcheck merchants list', 'coatcheck merchants list --json'))
    .action((options: AdministrativeOptions) => administer(options, listMerchants))
  const show = administrativeCommand('show', 'Show a merchant, its settings and its credentials.')
    .addHelpText('after', examples('coatcheck merchants show shop-1'))
    .argument('<id>', 'merchant id')
    .action((id: string, options: AdministrativeOptions) => administer(options, showMerchant(id)))
  const set = addMerchantOptions(
    administrativeCommand('set', 'Change settings of a merchant, everywhere within 10 seconds.'),
  )
    .argument('<id>', 'merchant id')
    .addHelpText('after', SET_EXAMPLES)
    .action((id: string, options: AdministrativeOptions & MerchantOptions) =>
      administer(options, setMerchant(id, options)),
    )
  const disable = administrativeCommand(
    'disable',
    'Refuse everything that a merchant asks for, within 10 seconds.',
  )
    .addHelpText('after', examples('coatcheck merchants disable shop-1'))
    .argument('<id>', 'merchant id')
    .action((id: string, options: AdministrativeOptions) =>
      administer(options, changeDisabled(id, epochSeconds(systemClock))),
    )
  const enable = administrativeCommand('enable', 'Undo disable.')
    .addHelpText('after', examples('coatcheck merchants enable shop-1'))
    .argument('<id>', 'merchant id')
    .action((id: string, options: AdministrativeOptions) =>
      administer(options, changeDisabled(id, undefined)),
    )
  const remove = administrativeCommand(
    'remove',
    'Remove a merchant and all its credentials, for good.',
  )
    .addHelpText('after', examples('coatcheck merchants remove shop-1'))
    .argument('<id>', 'merchant id')
    .action((id: string, options: AdministrativeOptions) => administer(options, removeMerchant(id)))
  const command = new Command('merchants')
    .description('Add, change and remove merchants.')
    .addHelpText('after', examples('coatcheck merchants add shop-1', 'coatcheck merchants list'))
  for (const child of [add, list, show, set, disable, enable, remove]) command.addCommand(child)
  return command
}

const ADD_EXAMPLES = `
Examples:
  coatcheck merchants add shop-1 --json > shop-1.json
  coatcheck merchants add shop-2 --session-keys rotated --p12 shop-2.p12 --p12-password-file password.txt`

const SET_EXAMPLES = `
Every setting is taken back by the value "default".

Examples:
  coatcheck merchants set shop-1 --session-seconds 600 --token-seconds 300
  coatcheck merchants set shop-1 --page-origins https://shop.example.com,https://www.example.com
  coatcheck merchants set shop-1 --release-certificate psp.pem --entitled yes
  coatcheck merchants set shop-1 --session-seconds default`

function addMerchant(id: string, options: MerchantOptions & CredentialOptions): Administer {
  if (!isMerchantId(id)) {
    throw new UsageError(
      'This is no merchant id.',
      'A merchant id is 1 to 50 of letters, digits, "_", "." and "-".',
    )
  }
  return async function add(administration, printer, vault): Promise<void> {
    const merchant = { id, ...NO_SETTINGS, ...changesOf(options) }
    const created = await createCredential(id, withDefaults(options, merchant), vault)
    const { credential, keepFilesIf } = created
    if (await keepFilesIf(() => administration.add(merchant, credential))) {
      await printCredential(printer, created, { origin: readSettings({ ...options }).origin })
      return noteUnusable(merchant, printer)
    }
    const merchants = await administration.list()
    if (!merchants.some((each) => each.id === id)) throw keyIdTaken(credential.keyId)
    throw new OperatorError(`There is a merchant ${id} already.`, 'Choose another id.')
  }
}

async function listMerchants(administration: Administration, printer: Printer): Promise<void> {
  const credentials = await administration.listCredentials()
  const merchants = (await administration.list()).map((merchant) =>
    showableMerchant(merchant, credentials),
  )
  const rows = merchants.map(({ id, sessionKeys, disabledAt, credentials: own }) => {
    const state = disabledAt === undefined ? '' : '  disabled'
    const count = own.length === 1 ? '1 credential' : `${own.length} credentials`
    return `${id}  ${sessionKeys}  ${count}${state}`
  })
  const nobody = 'There are no merchants. Add one: coatcheck merchants add <id>'
  printer.result(rows.length === 0 ? nobody : rows.join('\n'), { merchants })
}

function showMerchant(id: string): Administer {
  return async function show(administration, printer): Promise<void> {
    const merchant = await findMerchant(administration, id)
    const credentials = await administration.listCredentials(id)
    printer.result(merchantRows(merchant, credentials), {
      ...showableMerchant(merchant, credentials),
      defaults: defaultsOf(merchant),
    })
  }
}

function setMerchant(id: string, options: MerchantOptions): Administer {
  const changes = changesOf(options)
  if (Object.keys(changes).length === 0) {
    throw new UsageError(
      'No setting is named.',
      'Name one, such as --session-seconds 600; "coatcheck merchants set --help" lists them.',
    )
  }
  return async function set(administration, printer): Promise<void> {
    if (!(await administration.update(id, (merchant) => ({ ...merchant, ...changes })))) {
      throw noSuchMerchant(id)
    }
    const merchant = await findMerchant(administration, id)
    const changed = Object.keys(changes)
    printer.result(
      `${changed.join(', ')} of ${id} changed: every process knows within 10 seconds.`,
      { ...showableMerchant(merchant, []), credentials: undefined, changed },
    )
    noteUnusable(merchant, printer)
  }
}

function noteUnusable(
  { entitled, releaseCertificate }: Pick<Merchant, 'entitled' | 'releaseCertificate'>,
  printer: Printer,
): void {
  if (entitled === true && releaseCertificate === undefined) {
    printer.note('Its cards are released to nobody until it has a --release-certificate.')
  }
}

function changeDisabled(id: string, disabledAt: number | undefined): Administer {
  return async function change(administration, printer): Promise<void> {
    if (!(await administration.update(id, (merchant) => ({ ...merchant, disabledAt })))) {
      throw noSuchMerchant(id)
    }
    const state = disabledAt === undefined ? 'enabled' : 'disabled'
    printer.result(`${id} is ${state}: every process knows within 10 seconds.`, { id, state })
  }
}

function removeMerchant(id: string): Administer {
  return async function remove(administration, printer): Promise<void> {
    if (!(await administration.remove(id))) throw noSuchMerchant(id)
    printer.result(`${id} and its credentials are removed.`, { id, state: 'removed' })
  }
}
