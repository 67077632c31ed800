import { once } from 'node:events'
import { Command } from 'commander'
import type { Config } from '../config.ts'
import { OperatorError } from '../errors.ts'
import { createPrinter } from './print.ts'
import { openSecretLines } from './secret-lines.ts'
import { addSettings, readSettings } from './settings.ts'
import { sendShare, unlockSocketOf } from './unlock-socket.ts'

interface UnlockOptions {
  readonly json?: true
}

/** Makes the command `coatcheck keys unlock`. */
export function unlockCommand(): Command {
  const command = new Command('unlock')
    .description('Give a share of the root key to a vault that waits for it.')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nThe share is read from standard input, one line; on a terminal it is not shown. Run it as the user of serve.\n\nExamples:\n  coatcheck keys unlock\n  coatcheck keys unlock --data /var/lib/coatcheck < share.txt',
    )
    .action((options: UnlockOptions) => unlock(options, readSettings({ ...options })))
  return addSettings(command, ['data', 'unlockSocket'])
}

async function unlock({ json }: UnlockOptions, config: Config): Promise<void> {
  const share = await readShare()
  const { taken, says, fix } = await sendShare(unlockSocketOf(config), share)
  if (!taken) throw new OperatorError(says, fix)
  createPrinter(json === true).result(says, { taken, says })
}

async function readShare(): Promise<string> {
  const lines = openSecretLines('Paste a share of the root key, then press Enter. It is not shown.')
  const line = once(lines, 'line').then(([first]) => String(first))
  const end = once(lines, 'close').then(() => '')
  const share = await Promise.race([line, end])
  lines.close()
  if (share.trim() !== '') return share
  throw new OperatorError(
    'No share was given.',
    'Give one by standard input, as "coatcheck keys init" printed it.',
  )
}
