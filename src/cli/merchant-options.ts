import { Option, type Command } from 'commander'
import { MERCHANT_SETTINGS, type MerchantSettings } from './merchant-settings.ts'

/** What takes a setting back, on the command line. */
const DEFAULT = 'default'

/** The settings of a merchant, as flags: of each that was given, what it changes. */
export type MerchantOptions = {
  readonly [Name in keyof MerchantSettings]?: () => Partial<MerchantSettings>
}

/** Adds the flags of a merchant's settings to a command. */
export function addMerchantOptions(command: Command): Command {
  for (const { flag, description, choices, default: shown, read, unset } of MERCHANT_SETTINGS) {
    const option = new Option(flag, `${description} (default: ${shown})`)
    if (choices !== undefined) option.choices(choices)
    // Behind the choices, whose own parser knows no other value.
    option.argParser((text) => (text === DEFAULT ? () => unset : read(text)))
    command.addOption(option)
  }
  return command
}

/** Returns what the flags change, all of them together. */
export function changesOf(options: MerchantOptions): Partial<MerchantSettings> {
  const changes: Partial<MerchantSettings> = {}
  for (const { name } of MERCHANT_SETTINGS) Object.assign(changes, options[name]?.())
  return changes
}
