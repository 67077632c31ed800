import type { Command } from 'commander'
import { MERCHANT_SETTINGS, type MerchantSettings } from './merchant-settings.ts'

/** What takes a setting back, on the command line. */
const DEFAULT = 'default'

/** The settings of a merchant, as flags: of each that was given, what it changes. */
export type MerchantOptions = {
  readonly [Name in keyof MerchantSettings]?: Partial<MerchantSettings>
}

/** Adds the flags of a merchant's settings to a command. */
export function addMerchantOptions(command: Command): Command {
  for (const { flag, description, default: shown, read, unset } of MERCHANT_SETTINGS) {
    command.option(flag, `${description} (default: ${shown})`, (text: string) =>
      text === DEFAULT ? unset : read(text),
    )
  }
  return command
}

/** Returns what the flags change, all of them together. */
export function changesOf(options: MerchantOptions): Partial<MerchantSettings> {
  const changes: Partial<MerchantSettings> = {}
  for (const { name } of MERCHANT_SETTINGS) Object.assign(changes, options[name])
  return changes
}
