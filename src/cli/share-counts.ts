import { InvalidArgumentError, Option, type Command } from 'commander'
import type { Config } from '../config.ts'
import { SETTING_LIST } from '../setting-table.ts'
import { OperatorError, UsageError } from '../errors.ts'
import { SHARE_BOUNDS, type ShareSet } from '../keys/root-key-share.ts'

/** Into how many shares a root key is split, and how many of them join. */
export type ShareCounts = Omit<ShareSet, 'check'>

/** The options that {@link addShareCounts} adds. */
export interface ShareCountOptions {
  readonly shares?: number
  readonly threshold?: number
}

/** Adds the options that say how a new root key is split. */
export function addShareCounts(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--shares <count>',
        'split the new root key into so many shares, which are printed once and written nowhere',
      ).argParser(parseCount),
    )
    .addOption(
      new Option('--threshold <count>', 'how many of the shares are needed').argParser(parseCount),
    )
}

function parseCount(given: string): number {
  const { least, greatest } = SHARE_BOUNDS
  const count = /^[0-9]{1,3}$/.test(given) ? Number(given) : 0
  if (count >= least && count <= greatest) return count
  throw new InvalidArgumentError(`It must be a whole number from ${least} to ${greatest}.`)
}

/** Reads the counts; undefined when none are given. Throws UsageError when they do not go together. */
export function readShareCounts({ shares, threshold }: ShareCountOptions): ShareCounts | undefined {
  if (shares === undefined && threshold === undefined) return undefined
  const example = 'For example: --shares 3 --threshold 2.'
  if (shares === undefined || threshold === undefined) {
    throw new UsageError('Of --shares and --threshold only one is given.', example)
  }
  if (threshold <= shares) return { shares, threshold }
  throw new UsageError('More shares are needed than there are.', example)
}

/** Throws OperatorError when a new root key is to be split and kept elsewhere at once. */
export function refuseOtherPlaces({ rootKey, rootKeyIn, rootKeyFile }: Config): void {
  const { problem, fix } =
    OTHER_PLACES.find(({ isNamed }) => isNamed({ rootKey, rootKeyIn, rootKeyFile })) ?? {}
  if (problem !== undefined && fix !== undefined) throw new OperatorError(problem, fix)
}

interface OtherPlace {
  isNamed(config: Pick<Config, 'rootKey' | 'rootKeyIn' | 'rootKeyFile'>): boolean
  readonly problem: string
  readonly fix: string
}

const DEFAULT_FILE = SETTING_LIST.find(({ name }) => name === 'rootKeyFile')?.default

const OTHER_PLACES: readonly OtherPlace[] = [
  {
    isNamed: ({ rootKey }) => rootKey !== undefined,
    problem: 'The root key is to be split, and there is one in the environment.',
    fix: 'Unset COATCHECK_ROOT_KEY, or leave out --shares and --threshold.',
  },
  {
    isNamed: ({ rootKeyIn }) => rootKeyIn === 'hsm',
    problem: 'The root key is to be split, and rootKeyIn says hsm, which no key leaves.',
    fix: 'Set --root-key-in to shares, or leave out --shares and --threshold.',
  },
  {
    isNamed: ({ rootKeyIn, rootKeyFile }) => rootKeyIn === 'file' && rootKeyFile !== DEFAULT_FILE,
    problem: 'The root key is to be split, and a file for it is named.',
    fix: 'Set --root-key-in to shares, which leaves the file alone, or leave out --shares and --threshold.',
  },
]

/** The refusal of a command that is to split the root key and was not told how. */
export function sharesUncounted(): UsageError {
  return new UsageError(
    'The root key is to be split, and nothing says into how many shares.',
    'Add how many there are and how many are needed, such as --shares 3 --threshold 2.',
  )
}
