import cluster from 'node:cluster'
import { Command } from 'commander'
import { processEnvironment, type Config } from '../config.ts'
import { SETTING_LIST } from '../setting-table.ts'
import { hardenProcess } from './harden-process.ts'
import { addSettings, readSettings } from './settings.ts'

/** Makes the command `coatcheck serve`: the vault. */
export function serveCommand(): Command {
  const command = new Command('serve')
    .description('Run the vault: needs keys, a merchant and a public https origin.')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  coatcheck keys init && coatcheck merchants add shop-1\n  coatcheck serve --origin https://pay.example.com',
    )
  const names = SETTING_LIST.map(({ name }) => name)
  return addSettings(command, names).action((options: { readonly json?: true }) =>
    runServe(options, readSettings({ ...options })),
  )
}

async function runServe(options: { readonly json?: true }, config: Config): Promise<void> {
  if (cluster.isWorker) return (await import('./serve-worker.ts')).startWorker(config)
  const environment = processEnvironment()
  hardenProcess(environment['NODE_OPTIONS'], environment)
  // Not loaded by the process that this one replaces: it is what takes time.
  return (await import('./serve-primary.ts')).runPrimary(config, options.json === true)
}
