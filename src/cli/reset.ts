import { Command } from 'commander'
import { addControl, type ConnectionOptions } from './connection.ts'
import { callControl } from './control.ts'
import { examples } from './examples.ts'
import { createPrinter } from './print.ts'

interface ResetOptions extends ConnectionOptions {
  readonly store?: true
  readonly json?: true
}

/** Makes the command `coatcheck reset`. */
export function resetCommand(): Command {
  const command = new Command('reset')
    .description(
      'Resume the clock of a running emulator, remove its faults, forget the requests it received.',
    )
    .option('--store', 'forget sessions and transient tokens too; merchants and keys stay')
    .addHelpText('after', examples('coatcheck reset', 'coatcheck reset --store'))
  return addControl(command).action(runReset)
}

async function runReset(options: ResetOptions): Promise<void> {
  const body = { store: options.store === true }
  const state = await callControl(options, { method: 'POST', path: 'reset', body })
  const text = options.store === true ? 'Reset, sessions and tokens forgotten.' : 'Reset.'
  createPrinter(options.json === true).result(text, state)
}
