import { Command } from 'commander'

/** Makes the command `coatcheck token`. */
export function tokenCommand(): Command {
  return new Command('token')
}
