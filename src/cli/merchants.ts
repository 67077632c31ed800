import { Command } from 'commander'
import { epochSeconds, systemClock, systemRandom } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import type { Administration } from '../merchant/administration.ts'
import { isMerchantId, type Credential, type Merchant } from '../merchant/merchant.ts'
import {
  administer,
  administrativeCommand,
  keyIdTaken,
  noSuchMerchant,
  type Administer,
  type AdministrativeOptions,
} from './administer.ts'
import { createCredential } from './create-credential.ts'
import { addCredentialOptions, type CredentialOptions } from './credential-options.ts'
import { printCredential } from './describe-credential.ts'
import { examples } from './examples.ts'
import { addMerchantOptions, type MerchantOptions } from './merchant-options.ts'
import type { Printer } from './print.ts'

/** Makes the command `coatcheck merchants`. */
export function merchantsCommand(): Command {
  const add = addCredentialOptions(
    addMerchantOptions(administrativeCommand('add', 'Add a merchant and its first credential.')),
  )
    .argument('<id>', 'merchant id: 1 to 50 of letters, digits, "_", "." and "-"')
    .addHelpText('after', ADD_EXAMPLES)
    .action((id: string, options: AdministrativeOptions & MerchantOptions & CredentialOptions) =>
      administer(options, (administration, printer) =>
        addMerchant(administration, printer, { id, options }),
      ),
    )
  const list = administrativeCommand('list', 'List the merchants.')
    .addHelpText('after', examples('coatcheck merchants list', 'coatcheck merchants list --json'))
    .action((options: AdministrativeOptions) => administer(options, listMerchants))
  const show = administrativeCommand('show', 'Show a merchant, its settings and its credentials.')
    .addHelpText('after', examples('coatcheck merchants show shop-1'))
    .argument('<id>', 'merchant id')
    .action((id: string, options: AdministrativeOptions) =>
      administer(options, (administration, printer) => showMerchant(administration, printer, id)),
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
  for (const child of [add, list, show, disable, enable, remove]) command.addCommand(child)
  return command
}

const ADD_EXAMPLES = `
Examples:
  coatcheck merchants add shop-1 --json > shop-1.json
  coatcheck merchants add shop-2 --session-keys rotated --p12 shop-2.p12 --p12-password-file password.txt`

async function addMerchant(
  administration: Administration,
  printer: Printer,
  { id, options }: { readonly id: string; readonly options: MerchantOptions & CredentialOptions },
): Promise<void> {
  if (!isMerchantId(id)) {
    throw new OperatorError(
      'This is no merchant id.',
      'A merchant id is 1 to 50 of letters, digits, "_", "." and "-".',
    )
  }
  const { credential, shown, keepFilesIf } = await createCredential(id, options, systemRandom)
  const { sessionKeys, tokensPerSession, attemptsPerSession } = options
  const merchant = { id, sessionKeys, tokensPerSession, attemptsPerSession }
  if (await keepFilesIf(() => administration.add(merchant, credential))) {
    printCredential(printer, shown)
    return
  }
  const merchants = await administration.list()
  if (!merchants.some((each) => each.id === id)) throw keyIdTaken(credential.keyId)
  throw new OperatorError(`There is a merchant ${id} already.`, 'Choose another id.')
}

async function listMerchants(administration: Administration, printer: Printer): Promise<void> {
  const credentials = await administration.listCredentials()
  const merchants = (await administration.list()).map((merchant) => showable(merchant, credentials))
  const rows = merchants.map(({ id, sessionKeys, disabledAt, credentials: own }) => {
    const state = disabledAt === undefined ? '' : '  disabled'
    const count = own.length === 1 ? '1 credential' : `${own.length} credentials`
    return `${id}  ${sessionKeys}  ${count}${state}`
  })
  const nobody = 'There are no merchants. Add one: coatcheck merchants add <id>'
  printer.result(rows.length === 0 ? nobody : rows.join('\n'), { merchants })
}

async function showMerchant(
  administration: Administration,
  printer: Printer,
  id: string,
): Promise<void> {
  const merchant = (await administration.list()).find((candidate) => candidate.id === id)
  if (merchant === undefined) throw noSuchMerchant(id)
  const shown = showable(merchant, await administration.listCredentials(id))
  const { credentials, ...settings } = shown
  const rows = [
    ...Object.entries(settings).map(([name, value]) => `${name.padEnd(20)} ${String(value)}`),
    ...credentials.map(({ keyId, kind, state }) => `${kind.padEnd(20)} ${keyId}  ${state}`),
  ]
  printer.result(rows.join('\n'), shown)
}

function showable(
  { disabledAt, tokensPerSession, attemptsPerSession, ...merchant }: Merchant,
  credentials: readonly Credential[],
): Readonly<Record<string, unknown>> & {
  readonly id: string
  readonly sessionKeys: string
  readonly disabledAt?: number
  readonly credentials: readonly {
    readonly keyId: string
    readonly kind: string
    readonly state: string
  }[]
} {
  return {
    ...merchant,
    ...(tokensPerSession === undefined ? {} : { tokensPerSession }),
    ...(attemptsPerSession === undefined ? {} : { attemptsPerSession }),
    ...(disabledAt === undefined ? {} : { disabledAt }),
    credentials: credentials
      .filter(({ merchantId }) => merchantId === merchant.id)
      .map(({ keyId, kind, revokedAt, createdAt, allows }) => {
        const state = revokedAt === undefined ? 'live' : 'revoked'
        return { keyId, kind, state, createdAt, allows }
      }),
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
