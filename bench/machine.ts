import { spawnSync } from 'node:child_process'
import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { spreadOf } from './statistics.ts'

/** What a result depends on beside the product. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  /** Whether the CPU has the instructions that make RSA-2048 nearly twice as fast. */
  readonly avx512ifma: boolean
  readonly node: string
  readonly openssl: string
  /** Median time to append 2 KB and make it durable, in microseconds of wall time. */
  readonly fsyncMicroseconds: number
}

/** Describes this machine; the disk is that of a folder. */
export function describeMachine(folder: string): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    avx512ifma: readFileSync('/proc/cpuinfo', 'utf8').includes('avx512ifma'),
    node: process.versions.node,
    openssl: process.versions.openssl,
    fsyncMicroseconds: measureFsync(folder),
  }
}

function measureFsync(folder: string): number {
  const file = openSync(join(folder, 'fsync'), 'w')
  const block = Buffer.alloc(2048, 1)
  const microseconds = Array.from({ length: 200 }, () => {
    const begin = performance.now()
    writeSync(file, block)
    fdatasyncSync(file)
    return (performance.now() - begin) * 1000
  })
  closeSync(file)
  return spreadOf(microseconds).median
}

/**
 * Keeps a process on the last core, so that the server has the others to itself; false where the system can not.
 *
 * Otherwise every reply wakes the load generator on the very core of the server, which then finds its caches full of it.
 */
export function keepOnLastCore(pid: number): boolean {
  const core = availableParallelism() - 1
  if (core === 0) return false
  return (
    spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', `${core}`, `${pid}`]).status === 0
  )
}
