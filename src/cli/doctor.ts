import { Command } from 'commander'
import { findUnknownVariables, processEnvironment, type Config } from '../config.ts'
import { OperatorError } from '../errors.ts'
import { SETTING_LIST } from '../setting-table.ts'
import { runChecks } from './doctor/checks.ts'
import type { Facts } from './doctor/facts.ts'
import {
  measureSpeed,
  observeMachine,
  observeService,
  watchClock,
} from './doctor/observe-machine.ts'
import { observeDatabase } from './doctor/observe-database.ts'
import { observeRootKey, observeStore, withoutFiles } from './doctor/observe-paths.ts'
import { observeTls } from './doctor/observe-tls.ts'
import { observeVault, readVault } from './doctor/observe-vault.ts'
import { countFindings, renderFindings } from './doctor/render.ts'
import { parseStoreAddress } from '../store/open-store.ts'
import { createPrinter, EXIT } from './print.ts'
import { addSettings, readSettings } from './settings.ts'

interface DoctorOptions {
  readonly measure: boolean
  readonly json?: true
}

const HELP = `
Changes nothing and may run beside "coatcheck serve". Give it the settings that serve gets: it judges them too.
Exits with 0 when there is no problem, with 1 otherwise; notes and warnings are no problems.

Examples:
  coatcheck doctor
  coatcheck doctor --config /etc/coatcheck/coatcheck.json
  coatcheck doctor --no-measure --json`

/** Makes the command `coatcheck doctor`. */
export function doctorCommand(): Command {
  const command = new Command('doctor')
    .description(
      'Look for what is wrong, or will be, with a vault, its keys, settings and machine.',
    )
    .option('--no-measure', 'do not measure, for a second, how many sessions this machine can open')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
  const names = SETTING_LIST.map(({ name }) => name)
  return addSettings(command, names).action(runDoctor)
}

async function runDoctor(options: DoctorOptions): Promise<void> {
  const areas = runChecks(await observe(options))
  const counts = countFindings(areas)
  if (counts.problem > 0) process.exitCode = EXIT.problem
  const findings = areas.flatMap(({ area, findings: found }) =>
    found.map((finding) => ({ area, ...finding })),
  )
  const value = { healthy: counts.problem === 0, counts, findings }
  createPrinter(options.json === true).result(renderFindings(areas), value)
}

async function observe(options: DoctorOptions): Promise<Facts> {
  const endWatch = watchClock()
  const { read, used, unknownVariables } = observeConfig({ ...options })
  const database = await observeDatabase(used)
  const inspected = database instanceof OperatorError ? undefined : database
  const store = database === undefined ? observeStore(used) : withoutFiles(used)
  try {
    const { vault, pools } =
      inspected?.store === undefined
        ? await observeVault(used, store)
        : await readVault(used, inspected.store)
    const service = await observeService(used)
    const isMeasured = options.measure && pools !== undefined
    return {
      config: read,
      unknownVariables,
      machine: observeMachine(),
      store: store.facts,
      database: database instanceof OperatorError ? database : database?.facts,
      rootKey: observeRootKey(used),
      vault,
      pools,
      tls: read instanceof OperatorError ? undefined : observeTls(read),
      service,
      speed: isMeasured ? measureSpeed() : undefined,
      clock: await endWatch(),
    }
  } finally {
    await inspected?.store?.close()
    for (const reading of Object.values(store.readings)) reading.close()
  }
}

interface ObservedConfig {
  readonly read: Config | OperatorError
  /** What the rest looks at: where nothing can be read, the defaults and the flags that say where the vault is. */
  readonly used: Config
  readonly unknownVariables: Facts['unknownVariables']
}

function observeConfig(options: Readonly<Record<string, unknown>>): ObservedConfig {
  const environment = processEnvironment()
  const unknownVariables = findUnknownVariables(environment)
  const unknown = new Set(unknownVariables.map(({ name }) => name))
  const known = Object.fromEntries(
    Object.entries(environment).filter(([name]) => !unknown.has(name)),
  )
  try {
    const read = readSettings(options, {}, known)
    return { read, used: read, unknownVariables }
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    const { store, storeFile, data, rootKeyFile } = options
    const isAddress = typeof store === 'string' && parseStoreAddress(store) !== undefined
    const place = { data, rootKeyFile, storeFile, ...(isAddress ? { store } : {}) }
    const used = readSettings(place, {}, {})
    return { read: error, used, unknownVariables }
  }
}
