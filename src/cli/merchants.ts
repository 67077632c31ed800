import { Command, InvalidArgumentError } from 'commander'
import { systemClock, systemRandom } from '../clock-and-random.ts'
import type { Config } from '../config.ts'
import { OperatorError } from '../errors.ts'
import { isMerchantId, type SessionKeyPolicy } from '../merchant/merchant.ts'
import { createMerchantRegistry } from '../merchant/registry.ts'
import { createPrinter } from './print.ts'
import { addSettings, readSettings } from './settings.ts'
import { VAULT_SETTINGS, withVault } from './vault.ts'

const SECRET_BYTES = 32

interface AddOptions {
  readonly json?: true
  readonly sessionKeys: SessionKeyPolicy
  readonly tokensPerSession?: number
  readonly attemptsPerSession?: number
}

/** Makes the command `coatcheck merchants`. */
export function merchantsCommand(): Command {
  const add = new Command('add')
    .description('Add a merchant and print its first credential; the secret is shown this once.')
    .argument('<id>', 'merchant id: 1 to 50 of letters, digits, "_", "." and "-"')
    .option('--session-keys <policy>', 'one-time or rotated', parsePolicy, 'one-time')
    .option('--tokens-per-session <count>', 'transient tokens that a session may give', parseCount)
    .option('--attempts-per-session <count>', 'opened attempts that a session may see', parseCount)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  coatcheck merchants add shop-1 --json > shop-1.json')
    .action((id: string, options: AddOptions) =>
      addMerchant(id, options, readSettings({ ...options })),
    )
  const list = new Command('list')
    .description('List the merchants.')
    .option('--json', 'print JSON')
    .action((options: { readonly json?: true }) =>
      listMerchants(options, readSettings({ ...options })),
    )
  return new Command('merchants')
    .description('Add and list merchants.')
    .addCommand(addSettings(add, VAULT_SETTINGS))
    .addCommand(addSettings(list, VAULT_SETTINGS))
}

function parsePolicy(text: string): SessionKeyPolicy {
  if (text === 'one-time' || text === 'rotated') return text
  throw new InvalidArgumentError('It is one-time or rotated.')
}

function parseCount(text: string): number {
  if (/^[1-9][0-9]{0,3}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is a whole number from 1 to 9999.')
}

async function addMerchant(id: string, options: AddOptions, config: Config): Promise<void> {
  const printer = createPrinter(options.json === true)
  if (!isMerchantId(id)) {
    throw new OperatorError(
      'This is no merchant id.',
      'A merchant id is 1 to 50 of letters, digits, "_", "." and "-".',
    )
  }
  await withVault(config, async ({ store, sealer }) => {
    const registry = createMerchantRegistry({ store, sealer, now: systemClock })
    const keyId = systemRandom.uuid()
    const secret = systemRandom.bytes(SECRET_BYTES)
    const shown = secret.toString('base64')
    const { sessionKeys, tokensPerSession, attemptsPerSession } = options
    const settings = { id, sessionKeys, tokensPerSession, attemptsPerSession }
    if (!(await registry.add({ ...settings, keyId, secret }))) {
      throw new OperatorError(`There is a merchant ${id} already.`, 'Choose another id.')
    }
    const text = [`merchant  ${id}`, `key id    ${keyId}`, `secret    ${shown}`].join('\n')
    printer.result(text, { merchantId: id, keyId, secret: shown })
    printer.note('The secret is stored sealed and is not shown again.')
  })
}

async function listMerchants(options: { readonly json?: true }, config: Config): Promise<void> {
  const printer = createPrinter(options.json === true)
  await withVault(config, async ({ store, sealer }) => {
    const registry = createMerchantRegistry({ store, sealer, now: systemClock })
    const credentials = await registry.listCredentials()
    const merchants = (await registry.list()).map((merchant) => ({
      ...merchant,
      keyIds: credentials
        .filter(({ merchantId }) => merchantId === merchant.id)
        .map(({ keyId }) => keyId),
    }))
    const rows = merchants.map(
      ({ id, sessionKeys, keyIds }) => `${id}  ${sessionKeys}  ${keyIds.join(' ')}`,
    )
    const text =
      rows.length === 0
        ? 'There are no merchants. Add one: coatcheck merchants add <id>'
        : rows.join('\n')
    printer.result(text, { merchants })
  })
}
