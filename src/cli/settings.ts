import { Option, type Command } from 'commander'
import { processEnvironment, readConfig, type Config } from '../config.ts'
import { SETTING_LIST, type Setting, type SettingName } from '../setting-table.ts'

/** Adds the flags of some settings, and `--config`, to a command. */
export function addSettings(
  command: Command,
  names: readonly SettingName[],
  defaults: Partial<Config> = {},
): Command {
  command.addOption(new Option('--config <file>', 'configuration file (JSON)'))
  for (const setting of SETTING_LIST.filter(({ name }) => names.includes(name))) {
    const shown = String(defaults[setting.name] ?? setting.default)
    const description = `${setting.description}${shown === '' ? '' : ` (default ${shown})`}`
    command.addOption(new Option(`${setting.flag} <${placeholderOf(setting)}>`, description))
  }
  return command
}

/** What a value is called in help; completion offers files for a file and folders for a folder. */
function placeholderOf({ name, choices }: Setting): string {
  if (name === 'data') return 'folder'
  if (name.endsWith('File') || name === 'unlockSocket') return 'file'
  return choices === undefined ? 'value' : choices.join('|')
}

/** Reads the configuration of a command that has {@link addSettings}. */
export function readSettings(
  options: Readonly<Record<string, unknown>>,
  defaults: Partial<Config> = {},
  environment: Readonly<Record<string, string | undefined>> = processEnvironment(),
): Config {
  const flags: Partial<Record<SettingName, string>> = {}
  for (const { name } of SETTING_LIST) {
    const value = options[name]
    if (typeof value === 'string') flags[name] = value
  }
  const file = typeof options['config'] === 'string' ? options['config'] : undefined
  return readConfig({ file, environment, flags, defaults })
}
