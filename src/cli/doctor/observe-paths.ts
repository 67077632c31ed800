import {
  accessSync,
  constants,
  existsSync,
  realpathSync,
  statfsSync,
  statSync,
  type Stats,
} from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import type { Config } from '../../config.ts'
import { OperatorError } from '../../errors.ts'
import { SQLITE_FILES } from '../../store/sqlite-file.ts'
import { readSqliteFile, type SqliteReading } from '../../store/sqlite-reader.ts'
import type { FileFacts, PathFacts, RootKeyFacts, StoreFacts } from './facts.ts'

const PERMISSIONS = 0o777

/**
 * Looks at a file or folder; undefined when it is not there.
 *
 * @throws OperatorError when this user may not even look.
 */
function observePath(path: string): PathFacts | undefined {
  const found = look(path)
  if (found === undefined) return undefined
  const { mode, uid, size, mtimeMs } = found
  return {
    path,
    mode: mode & PERMISSIONS,
    uid,
    mayWrite: mayWrite(path),
    bytes: size,
    modifiedAt: Math.floor(mtimeMs / 1000),
  }
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function look(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (cause) {
    throw new OperatorError(
      `${path} cannot be looked at by this user.`,
      'Run doctor as the user that runs "coatcheck serve".',
      cause,
    )
  }
}

/** What was read of a data folder; the readings stay open for whoever wants the records. */
export interface ObservedStore {
  readonly facts: StoreFacts
  readonly readings: { readonly lasting?: SqliteReading; readonly passing?: SqliteReading }
}

/** Looks at the data folder and opens its databases for reading. The caller closes the readings. */
export function observeStore({ data }: Pick<Config, 'data'>): ObservedStore {
  const { bavail, bsize, type } = statfsSync(nearestFolder(data))
  const lasting = observeFile(join(data, SQLITE_FILES.lasting))
  const passing = observeFile(join(data, SQLITE_FILES.passing))
  return {
    facts: {
      data,
      folder: observePath(data),
      lasting: lasting?.facts,
      passing: passing?.facts,
      freeBytes: bavail * bsize,
      fileSystem: type,
    },
    readings: {
      ...(lasting?.reading === undefined ? {} : { lasting: lasting.reading }),
      ...(passing?.reading === undefined ? {} : { passing: passing.reading }),
    },
  }
}

/** What there is to see of the data folder where another engine is configured. */
export function withoutFiles({ data }: Pick<Config, 'data'>): ObservedStore {
  const none = { folder: undefined, lasting: undefined, passing: undefined }
  return { facts: { data, ...none, freeBytes: 0, fileSystem: 0 }, readings: {} }
}

function observeFile(
  path: string,
): { readonly facts: FileFacts; readonly reading: SqliteReading | undefined } | undefined {
  const found = observePath(path)
  if (found === undefined) return undefined
  try {
    const reading = readSqliteFile(path)
    return { facts: { ...found, read: reading.facts }, reading }
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    return { facts: { ...found, read: error }, reading: undefined }
  }
}

/** The folder itself, or the nearest above it that is there. */
function nearestFolder(path: string): string {
  const absolute = resolve(path)
  return existsSync(absolute) ? absolute : nearestFolder(dirname(absolute))
}

/** Looks at where the root key comes from. */
export function observeRootKey({
  rootKey,
  rootKeyFile,
  data,
  rootKeyIn,
  pkcs11Token,
  pkcs11KeyLabel,
}: Config): RootKeyFacts {
  const source = rootKey === undefined ? rootKeyIn : 'environment'
  const file = observePath(rootKeyFile)
  return {
    source,
    ...(source === 'hsm' ? { token: `${pkcs11Token} (${pkcs11KeyLabel})` } : {}),
    file,
    path: rootKeyFile,
    isInDataFolder: file !== undefined && existsSync(data) && isInside(data, rootKeyFile),
  }
}

function isInside(folder: string, file: string): boolean {
  const path = relative(realpathSync(folder), realpathSync(file))
  return !path.startsWith('..')
}
