import { Command } from 'commander'

/** Makes the command `coatcheck verify`. */
export function verifyCommand(): Command {
  return new Command('verify')
}
