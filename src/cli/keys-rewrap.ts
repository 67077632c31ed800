import {
  chownSync,
  existsSync,
  linkSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { Command, Option } from 'commander'
import { systemClock, systemRandom } from '../clock-and-random.ts'
import type { Config } from '../config.ts'
import { OperatorError, UsageError } from '../errors.ts'
import { createFile } from '../keys/create-file.ts'
import { createKeyKeeper } from '../keys/keep-keys.ts'
import { createRootKeyFile, holdRootKey, readRootKeyFile, type RootKey } from '../keys/root-key.ts'
import { systemCode } from '../system-error.ts'
import { withKeeper } from './keeper.ts'
import { createPrinter } from './print.ts'
import {
  replaceUnderSameRoot,
  rewrapElsewhere,
  waitUntil,
  type RewrapTarget,
} from './rewrap-custody.ts'
import { addSettings, readSettings } from './settings.ts'
import {
  addShareCounts,
  readShareCounts,
  sharesUncounted,
  type ShareCountOptions,
} from './share-counts.ts'
import { VAULT_SETTINGS } from './vault.ts'

interface RewrapOptions extends ShareCountOptions {
  readonly json?: true
  readonly newRootKeyFile?: string
  readonly newPkcs11KeyLabel?: string
  readonly to?: RewrapTarget
  readonly compromised?: true
}

const HELP = `
The new root key takes the place of the old in the file that --root-key-file names, where running processes read it;
the old one is kept beside it, for backups made before. A root key in the environment you replace yourself.

With --to shares the new root key is split, as by "keys init", and written nowhere; a root key that is split already is
first joined from its old shares, by standard input.

With --compromised every sealing key is replaced too. Sessions and transient tokens of the last 15 minutes are lost.

Examples:
  coatcheck keys rewrap --new-root-key-file new.key
  coatcheck keys rewrap --new-root-key-file new.key --compromised
  coatcheck keys rewrap --to shares --shares 5 --threshold 3`

/** Makes the command `coatcheck keys rewrap`. */
export function rewrapCommand(): Command {
  const command = new Command('rewrap')
    .description('Wrap the sealing keys by a new root key; with --compromised replace them too.')
    .option(
      '--new-root-key-file <file>',
      'file of the new root key; it is made when it is not there (default: the root key file with .new)',
    )
    .addOption(
      new Option(
        '--to <place>',
        'where the new root key is (default: where the old one is)',
      ).choices(['file', 'hsm', 'shares']),
    )
    .option(
      '--new-pkcs11-key-label <label>',
      'label of the new root key in the token; it is made when it is not there',
    )
    .option('--compromised', 'make new sealing keys, reseal everything and delete the old keys')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action((options: RewrapOptions) => rewrap(options, readSettings({ ...options })))
  return addSettings(addShareCounts(command), VAULT_SETTINGS)
}

async function rewrap(options: RewrapOptions, config: Config): Promise<void> {
  const printer = createPrinter(options.json === true)
  const isCompromised = options.compromised === true
  const counts = readShareCounts(options)
  const target = chooseTarget(options, config)
  if (target === 'shares') refuseUnsplit(options)
  else if (counts !== undefined) throw sharesElsewhere()
  await withKeeper(config, async (vault) => {
    if (target === 'same') return replaceUnderSameRoot(vault, printer)
    if (target !== undefined) {
      const { newRootKeyFile, newPkcs11KeyLabel: newKeyLabel } = options
      const asked = { target, newRootKeyFile, newKeyLabel, counts }
      return rewrapElsewhere(vault, { config, printer }, asked)
    }
    const { keeper, store, rootKey } = vault
    const file = chooseFile(options, config)
    const newRoot = openOrCreate(file, rootKey)
    const rewrapped = await keeper.rewrap(newRoot)
    const kept = config.rootKey === undefined ? putInPlace(file, config, isCompromised) : undefined
    // Nobody asked for a copy.
    if (options.newRootKeyFile === undefined && kept !== undefined) rmSync(file)
    const next = kept === undefined ? describeNext(file, config) : undefined
    const lines = [
      `${count(rewrapped, 'sealing key is', 'sealing keys are')} wrapped by a new root key.`,
      next ??
        `It is in place in ${config.rootKeyFile}; the old one is in ${kept}: keep it apart as long as backups need it.`,
    ]
    let deleted: readonly string[] = []
    if (isCompromised) {
      printer.note('Replacing the sealing keys; this takes some 10 seconds.')
      const root = holdRootKey(newRoot)
      const keeping = { store, root, now: systemClock, random: systemRandom }
      const changes = await createKeyKeeper(keeping).replaceSealingKeys(waitUntil)
      deleted = changes.filter(({ change }) => change === 'erased').map(({ id }) => id)
      lines.push(
        `${count(deleted.length, 'old sealing key is', 'old sealing keys are')} deleted; what they had sealed is sealed anew or thrown away.`,
      )
    }
    const inPlace = kept !== undefined
    const newRootKeyFile = inPlace ? config.rootKeyFile : file
    const places = { newRootKeyFile, oldRootKeyFile: kept, inPlace, next }
    printer.result(lines.join('\n'), { rewrapped, ...places, deleted })
  })
}

/** Undefined where one file takes the place of another; `same` where the root key stays. */
function chooseTarget(
  { to: named, compromised, newPkcs11KeyLabel, shares }: RewrapOptions,
  { rootKeyIn }: Config,
): RewrapTarget | 'same' | undefined {
  const to = named ?? (shares === undefined ? undefined : 'shares')
  if (compromised === true && rootKeyIn !== 'file' && to === undefined) {
    if (newPkcs11KeyLabel === undefined) return 'same'
  } else if (rootKeyIn === 'file' && (to ?? 'file') === 'file') return undefined
  if (compromised === true) {
    throw new OperatorError(
      'The root key cannot move and the sealing keys be replaced in one step.',
      'Rewrap without --compromised, start serve anew with the new root key, then run this with --compromised alone.',
    )
  }
  return to ?? rootKeyIn
}

/** Throws UsageError when shares are not counted, or the root key that is to be split is to be kept whole as well. */
function refuseUnsplit(options: RewrapOptions): void {
  if (options.shares === undefined) throw sharesUncounted()
  if (options.newRootKeyFile === undefined && options.newPkcs11KeyLabel === undefined) return
  throw new UsageError(
    'The new root key is to be split, and a place for it is named.',
    'Leave out --new-root-key-file and --new-pkcs11-key-label: it is written nowhere.',
  )
}

function sharesElsewhere(): UsageError {
  return new UsageError(
    'Shares are counted, and the new root key is not to be split.',
    'Set --to to shares, or leave out --shares and --threshold.',
  )
}

function chooseFile({ newRootKeyFile, compromised }: RewrapOptions, config: Config): string {
  if (config.rootKey === undefined) return newRootKeyFile ?? `${config.rootKeyFile}.new`
  if (compromised === true) {
    throw new OperatorError(
      'The root key comes from the environment, where running processes cannot read a new one.',
      'Stop serve, write the root key into a file (chmod 600), unset COATCHECK_ROOT_KEY, name the file with --root-key-file and run this again.',
    )
  }
  if (newRootKeyFile !== undefined) return newRootKeyFile
  throw new OperatorError(
    'There is no place for the new root key.',
    'Name a file for it with --new-root-key-file.',
  )
}

function openOrCreate(file: string, old: RootKey): RootKey {
  if (!existsSync(file)) return createRootKeyFile(file, systemRandom.bytes)
  const root = readRootKeyFile(file)
  if (!('key' in old) || !root.key.equals(old.key)) return root
  throw new OperatorError(
    `${file} holds the root key that is used already.`,
    'Name a file that is not there: a new root key is made in it.',
  )
}

/**
 * Puts the new root key where running processes read it, in one step; the old one is kept beside it. Returns where, or
 * undefined when it cannot be put there.
 */
function putInPlace(file: string, config: Config, isNeeded: boolean): string | undefined {
  try {
    return replaceFile(realpathSync(config.rootKeyFile), readFileSync(file, 'utf8'))
  } catch (cause) {
    if (!isNeeded) return undefined
    throw new OperatorError(
      `The sealing keys are wrapped by the root key of ${file}, which cannot take the place of ${config.rootKeyFile}; none was replaced yet.`,
      'Put it there yourself, then run this again.',
      cause,
    )
  }
}

/** Replaces what a file holds in one step, and returns where that is kept. */
function replaceFile(path: string, text: string): string {
  const temporary = `${path}.tmp`
  rmSync(temporary, { force: true })
  try {
    const { uid, gid } = statSync(path)
    createFile(temporary, text, { ifThere: 'Remove it.' })
    // Run by another user than the service, this must not take the key away from it.
    if (uid !== statSync(temporary).uid) chownSync(temporary, uid, gid)
    const kept = keepOld(path)
    renameSync(temporary, path)
    return kept
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** Links a file to the first free name of `….old`, `….old-2`, `….old-3` and so on. */
function keepOld(path: string): string {
  for (let number = 1; ; number++) {
    const kept = number === 1 ? `${path}.old` : `${path}.old-${number}`
    try {
      linkSync(path, kept)
      return kept
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error
    }
  }
}

function describeNext(file: string, { rootKey, rootKeyFile }: Config): string {
  if (rootKey !== undefined) {
    return `Start serve anew with its text as COATCHECK_ROOT_KEY: until then it makes no new keys.`
  }
  return `It could not be put in place: keep the old one apart as long as backups need it, and copy ${file} to ${rootKeyFile}; until then nothing that starts opens the store.`
}

function count(amount: number, one: string, many: string): string {
  return `${amount} ${amount === 1 ? one : many}`
}
