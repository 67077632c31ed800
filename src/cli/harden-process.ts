import { url as inspectorUrl } from 'node:inspector'
import { OperatorError } from '../errors.ts'
import { isJsonObject, objectMember } from '../protocol/parse.ts'

const FLAG = '--disable-sigusr1'
const REFUSED = ['--inspect', '--heapsnapshot', '--heap-prof', '--diagnostic-dir', '--report-']

/** What keeps a debugger out of every process of the vault: to be given to workers too. */
export const HARDENED_ARGUMENTS: readonly string[] = [FLAG]

/**
 * Replaces this process by one that no signal can open to a debugger and that leaves no core file, unless it is that one.
 *
 * @param nodeOptions - the environment's `NODE_OPTIONS`.
 * @throws OperatorError when a debugger or heap snapshots were asked for.
 */
export function hardenProcess(
  nodeOptions: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  const options = [...process.execArgv, ...(nodeOptions ?? '').split(' ')].map(plainOption)
  const refused = options.find((option) => REFUSED.some((prefix) => option.startsWith(prefix)))
  if (refused !== undefined || inspectorUrl() !== undefined) {
    throw new OperatorError(
      `The vault does not run with ${refused ?? 'a debugger'}: it would show keys and cards.`,
      'Take it out of the command and of NODE_OPTIONS; debug with "coatcheck dev".',
    )
  }
  if (process.execve === undefined || isHardened()) return
  const shell = ['sh', '-c', 'ulimit -c 0 && exec "$@"', 'sh']
  const node = [process.execPath, ...new Set([FLAG, ...process.execArgv])]
  process.execve('/bin/sh', [...shell, ...node, ...process.argv.slice(1)], environment)
}

/** An option as Node reads it: NODE_OPTIONS may quote it, and an underscore stands for a dash. */
function plainOption(option: string): string {
  return option.replaceAll('"', '').replaceAll('_', '-')
}

function isHardened(): boolean {
  const report = process.report.getReport()
  const limits = isJsonObject(report) ? objectMember(report, 'userLimits') : undefined
  const core = limits && objectMember(limits, 'core_file_size_blocks')
  return process.execArgv.includes(FLAG) && core?.['soft'] === 0 && core['hard'] === 0
}
