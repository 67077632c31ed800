import { statSync } from 'node:fs'
import { stat } from 'node:fs/promises'

const LOOK_EVERY_MILLISECONDS = 500

/**
 * Calls back each time that files have changed and then stayed as they are from one look to the next: two files that belong
 * together are not read between the writing of the one and of the other. What a name stands for is looked at, so that a symbolic
 * link may be pointed elsewhere; a file that is gone has changed. Keeps no process alive.
 *
 * @returns what ends it.
 */
export function watchFiles(paths: readonly string[], onChange: () => void): () => void {
  let reported = paths.map((path) => stamp(statSync(path, { throwIfNoEntry: false }))).join()
  let last = reported
  const look = async (): Promise<void> => {
    const stats = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)))
    const seen = stats.map(stamp).join()
    const isSettled = seen === last
    last = seen
    if (!isSettled || seen === reported) return
    reported = seen
    onChange()
  }
  const timer = setInterval(() => void look(), LOOK_EVERY_MILLISECONDS).unref()
  return () => clearInterval(timer)
}

interface Stats {
  readonly dev: number
  readonly ino: number
  readonly size: number
  readonly mtimeMs: number
  readonly ctimeMs: number
}

function stamp(stats: Stats | undefined): string {
  if (stats === undefined) return 'gone'
  const { dev, ino, size, mtimeMs, ctimeMs } = stats
  return [dev, ino, size, mtimeMs, ctimeMs].join(':')
}
