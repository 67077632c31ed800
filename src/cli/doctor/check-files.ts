import type { Facts, FileFacts, PathFacts, RootKeyFacts } from './facts.ts'
import { ok, problem, warning, type Finding } from './finding.ts'

const OTHERS = 0o077
const OTHERS_MAY_WRITE = 0o022

/** Judges who can read and write the data folder and its files. */
export function checkDataPermissions({ store }: Pick<Facts, 'store'>): readonly Finding[] {
  const { folder, lasting, passing } = store
  const paths = [folder, lasting, passing].filter((path) => path !== undefined)
  const open = paths.filter(({ mode }) => (mode & OTHERS) !== 0)
  if (paths.length === 0) return []
  const locked = paths.filter(({ mayWrite }) => !mayWrite)
  const owners = new Set(paths.map(({ uid }) => uid))
  return [
    ...(open.length === 0 ? [ok('Only their owner can read the data folder and its files.')] : []),
    ...open.map((path) => judgeOpenPath(path, path === folder)),
    ...locked.map(judgeLockedPath),
    ...(owners.size > 1 ? [mixedOwners(store.data)] : []),
  ]
}

function mixedOwners(data: string): Finding {
  return warning(
    `The data folder ${data} and its files belong to different users: one of them cannot serve.`,
    `Run: chown -R <the user that serves> ${data}`,
  )
}

function judgeLockedPath({ path }: PathFacts): Finding {
  return problem(
    `This user cannot write ${path}: "coatcheck serve" refuses to start.`,
    'Run doctor as the user that serves; let that user write the data folder and its files.',
  )
}

function judgeOpenPath({ path, mode }: PathFacts | FileFacts, isFolder: boolean): Finding {
  const fix = `Run: chmod ${isFolder ? '700' : '600'} ${path}`
  return (mode & OTHERS_MAY_WRITE) !== 0
    ? problem(`Others can write ${path} (mode ${octal(mode)}).`, fix)
    : warning(`Others can read ${path} (mode ${octal(mode)}).`, fix)
}

/** Judges the root key: where it is, and who can read it. */
export function checkRootKey({
  rootKey,
  store,
  database,
}: Pick<Facts, 'rootKey' | 'store' | 'database'>): readonly Finding[] {
  const { source, path, file, token } = rootKey
  if (source === 'hsm') {
    // Whether it is there and lets us in, the opening of the keys tells.
    return [ok(`The root key is kept in the token ${token}, which it never leaves.`)]
  }
  if (source === 'shares') {
    return [ok('The root key is split: no file holds it, and people have its shares.')]
  }
  if (source === 'environment') {
    return [
      warning(
        'The root key is in the environment: whatever runs as the same user can read it there.',
        'Put it into a file of mode 600 and name that with --root-key-file.',
      ),
    ]
  }
  if (file === undefined) {
    // Where nothing is set up, that was said already.
    const hasDatabase = database !== undefined && 'isMade' in database && database.isMade
    if (store.lasting === undefined && !hasDatabase) return []
    return [
      problem(
        `There is no root key file ${path}.`,
        'Name the right file with --root-key-file, or say --root-key-in shares where it is split; "coatcheck keys init" makes that of a new store.',
      ),
    ]
  }
  return [judgeMode(file), ...judgePlace(rootKey)]
}

function judgeMode({ path, mode }: PathFacts): Finding {
  return (mode & OTHERS) === 0
    ? ok(`Only its owner can read the root key file ${path}.`)
    : problem(
        `Others can read the root key file ${path} (mode ${octal(mode)}): "coatcheck serve" refuses it.`,
        `Run: chmod 600 ${path}`,
      )
}

function judgePlace({ path, isInDataFolder }: RootKeyFacts): readonly Finding[] {
  if (!isInDataFolder) return []
  return [
    warning(
      `The root key file ${path} is in the data folder: a backup of that folder holds keys and what they seal.`,
      'Move it elsewhere and name it with --root-key-file; keep its copy apart from the backups.',
    ),
  ]
}

function octal(mode: number): string {
  return mode.toString(8).padStart(3, '0')
}
