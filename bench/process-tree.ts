import { readdirSync, readFileSync } from 'node:fs'

/**
 * Begins to measure a process, its descendants and all their threads. The function that is returned tells the CPU time that
 * they have used since, in microseconds. What has ended by then is not in it. Linux only.
 */
export function watchTree(pid: number): () => number {
  const before = cpuByThread(pid)
  return function usedMicroseconds() {
    const after = [...cpuByThread(pid)]
    return after.reduce((sum, [thread, used]) => sum + used - (before.get(thread) ?? 0), 0)
  }
}

/** The CPU time of each thread, in microseconds. */
function cpuByThread(pid: number | string): ReadonlyMap<string, number> {
  const threads = new Map<string, number>()
  for (const thread of ifThere(() => readdirSync(`/proc/${pid}/task`)) ?? []) {
    const [onCpuNanoseconds] = readNumbers(`/proc/${pid}/task/${thread}/schedstat`)
    if (onCpuNanoseconds !== undefined) threads.set(thread, Number(onCpuNanoseconds) / 1000)
    for (const child of readNumbers(`/proc/${pid}/task/${thread}/children`)) {
      for (const [id, used] of cpuByThread(child)) threads.set(id, used)
    }
  }
  return threads
}

function readNumbers(path: string): readonly string[] {
  const text = ifThere(() => readFileSync(path, 'utf8')) ?? ''
  return text.split(' ').filter((number) => number.trim() !== '')
}

/** A database ends processes at any time, also between two looks. */
function ifThere<Found>(look: () => Found): Found | undefined {
  try {
    return look()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
}
