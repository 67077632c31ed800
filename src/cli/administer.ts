import { Command } from 'commander'
import { systemClock } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import { createAdministration, type Administration } from '../merchant/administration.ts'
import type { SettingName } from '../setting-table.ts'
import type { Merchant } from '../merchant/merchant.ts'
import { createPrinter, type Printer } from './print.ts'
import { addSettings, readSettings } from './settings.ts'
import { VAULT_SETTINGS, withVault, type Vault } from './vault.ts'

/** The flags that every administrative command has. */
export interface AdministrativeOptions {
  readonly json?: true
}

/** What an administrative command does. */
export type Administer = (
  administration: Administration,
  printer: Printer,
  vault: Vault,
) => Promise<void>

/** Makes a command that opens the vault, with further settings if it needs them; {@link administer} is its action. */
export function administrativeCommand(
  name: string,
  description: string,
  settings: readonly SettingName[] = [],
): Command {
  const command = new Command(name).description(description).option('--json', 'print JSON')
  return addSettings(command, [...VAULT_SETTINGS, ...settings])
}

/** Opens the vault that the options name and runs on its merchants. Throws OperatorError. */
export function administer(options: AdministrativeOptions, run: Administer): Promise<void> {
  return withVault(readSettings({ ...options }), (vault) => {
    const administration = createAdministration({ ...vault, now: systemClock })
    return run(administration, createPrinter(options.json === true), vault)
  })
}

/** Finds a merchant by id. Throws OperatorError when it is not there. */
export async function findMerchant(administration: Administration, id: string): Promise<Merchant> {
  const found = (await administration.list()).find((candidate) => candidate.id === id)
  if (found === undefined) throw noSuchMerchant(id)
  return found
}

/** The refusal of a merchant id that nobody has. */
export function noSuchMerchant(id: string): OperatorError {
  return new OperatorError(`There is no merchant ${id}.`, 'See "coatcheck merchants list".')
}

/** The refusal of a credential whose key id, or certificate, somebody has. */
export function keyIdTaken(keyId: string): OperatorError {
  return new OperatorError(
    `The key id ${keyId} is taken.`,
    'Key ids are unique across merchants, also those of revoked credentials: register another certificate.',
  )
}
