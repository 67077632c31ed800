import { Command } from 'commander'

/** Makes the command `coatcheck inspect`. */
export function inspectCommand(): Command {
  return new Command('inspect')
}
