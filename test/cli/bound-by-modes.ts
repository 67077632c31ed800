import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { launchProgram, PROJECT, type Ended, type Scope, type Start } from '../process.ts'

const isRoot = process.getuid?.() === 0
const LET_GO = isRoot ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'] : []

/** Why tests of what a file's mode forbids are skipped; false where they are not. */
export const CANNOT_BIND_ROOT: string | false = letsGo()
  ? false
  : 'root reads and writes every file: setpriv of util-linux would change that'

function letsGo(): boolean {
  const [program, ...args] = [...LET_GO, 'true']
  return spawnSync(program, args).status === 0
}

/** Runs `coatcheck` to its end, bound by the modes of files as any user is: also as root. */
export function runBound(scope: Scope, args: readonly string[], start: Start = {}): Promise<Ended> {
  const program = ['node', join(PROJECT, 'bin/coatcheck.js'), ...args]
  return launchProgram(scope, [...LET_GO, ...program], start).ended
}
