/** Carries out jobs that were begun in one event-loop turn together, over a connection to a database. */
export interface Lane<Job, Result> {
  /** Queues a job for the next flight; settles once that has landed. */
  run(job: Job): Promise<Result>
  /** Resolves when nothing is queued or in flight. */
  drain(): Promise<void>
}

interface LaneOptions {
  /** How many flights may be under way at once: jobs that come meanwhile gather for the next. */
  readonly flights: number
  /** How many jobs a flight takes at most. */
  readonly jobs: number
}

interface Queued<Job, Result> {
  readonly job: Job
  resolve(result: Result): void
  reject(failure: unknown): void
}

/**
 * Makes a lane. When a flight fails, its jobs reject, and so do those that wait: they would wait for the same database,
 * and who asked is told at once.
 *
 * @param carryOut - gives one result a job, in their order.
 */
export function createLane<Job, Result>(
  carryOut: (jobs: readonly Job[]) => Promise<readonly Result[]>,
  options: LaneOptions,
): Lane<Job, Result> {
  let waiting: Queued<Job, Result>[] = []
  let isDue = false
  const underWay = new Set<Promise<void>>()

  function run(job: Job): Promise<Result> {
    return new Promise((resolve, reject) => {
      waiting.push({ job, resolve, reject })
      departLater()
    })
  }

  function departLater(): void {
    if (isDue || underWay.size >= options.flights) return
    isDue = true
    setImmediate(depart)
  }

  function depart(): void {
    isDue = false
    while (waiting.length > 0 && underWay.size < options.flights) {
      const flight = fly(waiting.splice(0, options.jobs)).finally(() => {
        underWay.delete(flight)
        if (waiting.length > 0) departLater()
      })
      underWay.add(flight)
    }
  }

  async function fly(queued: readonly Queued<Job, Result>[]): Promise<void> {
    try {
      const results = await carryOut(queued.map(({ job }) => job))
      if (results.length !== queued.length) throw new RangeError('a job has no result')
      for (const [index, result] of results.entries()) queued[index]?.resolve(result)
    } catch (failure) {
      const stranded = [...queued, ...waiting]
      waiting = []
      for (const { reject } of stranded) reject(failure)
    }
  }

  async function drain(): Promise<void> {
    while (waiting.length > 0 || underWay.size > 0) {
      depart()
      await Promise.all(underWay)
    }
  }

  return { run, drain }
}
