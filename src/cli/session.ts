import { Command } from 'commander'

/** Makes the command `coatcheck session`. */
export function sessionCommand(): Command {
  return new Command('session')
}
