import { OperatorError } from '../../errors.ts'
import { MEND_PASSING, SQLITE_FILES } from '../../store/sqlite-file.ts'
import type { Facts, FileFacts, StoreFacts } from './facts.ts'
import { note, ok, problem, warning, type Finding } from './finding.ts'

const FULL = 2
const ON = 1

/** Judges whether there is a store, what its files are, and how durably they are kept. */
export function checkStore({
  store,
  database,
}: Pick<Facts, 'store' | 'database'>): readonly Finding[] {
  if (database !== undefined) return []
  const { data, lasting, passing } = store
  if (lasting === undefined) {
    return [
      problem(
        `Nothing is set up: there is no store in ${data}.`,
        'Run "coatcheck keys init" first, or name its folder with --data; to try things out run "coatcheck dev".',
      ),
    ]
  }
  const ofPassing =
    passing === undefined
      ? [
          note(
            'vault.db is not there; sessions that were open when it went are lost.',
            'Nothing to do: it is left out of backups, and "coatcheck serve" makes it anew.',
          ),
        ]
      : checkFile('vault.db', passing)
  return [...checkFile('coatcheck.db', lasting), ...ofPassing]
}

function checkFile(name: string, { read, bytes }: FileFacts): readonly Finding[] {
  if (read instanceof OperatorError) return [problem(read.problem, read.fix)]
  const { identity, schema, mode, damage } = read
  if (identity === 'foreign') {
    return [
      problem(`${name} is a database of another program.`, 'Name a folder of its own with --data.'),
    ]
  }
  if (identity === 'newer') {
    return [
      problem(
        `${name} was written by a newer version of Coatcheck (schema ${schema}).`,
        'Run that version, or restore a backup.',
      ),
    ]
  }
  if (damage !== undefined) {
    return [
      problem(
        `${name} is damaged: ${damage}.`,
        name === SQLITE_FILES.passing
          ? MEND_PASSING
          : 'Stop the service and restore it from a backup.',
      ),
    ]
  }
  const found =
    identity === 'older'
      ? note(
          `${name} has an older schema (${schema}).`,
          'Back it up, then start "coatcheck serve": it brings the schema up to date.',
        )
      : ok(`${name} is whole: schema ${schema}, ${kilobytes(bytes)}.`)
  return [found, ...checkMode(name, mode), ...checkDurability(name, read)]
}

function checkMode(name: string, mode: string | undefined): readonly Finding[] {
  if (mode === 'serve') return []
  return [
    problem(
      `${name} belongs to "coatcheck ${mode ?? '?'}", and "coatcheck serve" refuses it.`,
      'Name the folder of a vault with --data; "coatcheck keys init" makes one.',
    ),
  ]
}

function checkDurability(
  name: string,
  read: Exclude<FileFacts['read'], OperatorError>,
): readonly Finding[] {
  const { journalMode, synchronous, secureDelete } = read
  const findings: Finding[] = []
  if (journalMode !== 'wal') {
    findings.push(
      warning(
        `${name} is not in WAL mode: another program has changed it.`,
        'Let no other program write it; "coatcheck serve" sets WAL mode at its start.',
      ),
    )
  }
  if (synchronous !== FULL || secureDelete !== ON) {
    findings.push(
      problem(
        `The SQLite of this Node takes synchronous=${synchronous} and secure_delete=${secureDelete}, not FULL and ON: a power loss may lose tokens, or deleted cards stay readable.`,
        'Run an official build of Node 24 or newer.',
      ),
    )
  }
  if (findings.length > 0) return findings
  return [ok(`${name} is kept with journal_mode=WAL, synchronous=FULL, secure_delete=ON.`)]
}

const MEGABYTE = 1_000_000
const LEAST_FREE = 100 * MEGABYTE
const COMFORTABLE_FREE = 1000 * MEGABYTE

/** File systems on which a store is not safe, by their magic number in Linux. */
const FILE_SYSTEMS: ReadonlyMap<number, Finding> = new Map([
  ...[0x6969, 0xff534d42, 0xfe534d42, 0x517b].map((magic): [number, Finding] => [
    magic,
    problem(
      'The data folder is on a network file system, where SQLite in WAL mode loses data.',
      'Move it to a disk of this machine.',
    ),
  ]),
  [
    0x01021994,
    warning(
      'The data folder is in memory (tmpfs): a restart of the machine loses every key and merchant.',
      'Move it to a disk.',
    ),
  ],
  [
    0x794c7630,
    warning(
      'The data folder is in the layer of a container (overlayfs): it goes when the container goes.',
      'Mount a volume there.',
    ),
  ],
])

/** Judges where the data folder is, and the space that is left there. */
export function checkDisk({
  store,
  database,
}: Pick<Facts, 'store' | 'database'>): readonly Finding[] {
  if (database !== undefined) return []
  const where = store.folder === undefined ? undefined : FILE_SYSTEMS.get(store.fileSystem)
  return [...(where === undefined ? [] : [where]), checkSpace(store)]
}

function checkSpace({ freeBytes }: StoreFacts): Finding {
  const what = `${megabytes(freeBytes)} are free for the data folder.`
  const fix = 'Make space: without any, sessions and tokens are refused.'
  if (freeBytes < LEAST_FREE) return problem(`Only ${what}`, fix)
  return freeBytes < COMFORTABLE_FREE ? warning(what, fix) : ok(what)
}

function kilobytes(bytes: number): string {
  return `${Math.ceil(bytes / 1000)} kB`
}

function megabytes(bytes: number): string {
  return bytes >= 10_000 * MEGABYTE
    ? `${Math.round(bytes / MEGABYTE / 1000)} GB`
    : `${Math.round(bytes / MEGABYTE)} MB`
}
