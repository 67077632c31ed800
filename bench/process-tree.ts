import { readdirSync, readFileSync } from 'node:fs'

/**
 * Returns the CPU time that a process, its descendants and all their threads have used, in microseconds.
 *
 * What has ended is not in the sum. Linux only.
 */
export function treeCpuMicroseconds(pid: number): number {
  let total = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [onCpuNanoseconds = ''] = readNumbers(`/proc/${pid}/task/${thread}/schedstat`)
    total += Number(onCpuNanoseconds) / 1000
    for (const child of readNumbers(`/proc/${pid}/task/${thread}/children`)) {
      total += treeCpuMicroseconds(Number(child))
    }
  }
  return total
}

function readNumbers(path: string): readonly string[] {
  return readFileSync(path, 'utf8')
    .split(' ')
    .filter((text) => text.trim() !== '')
}
