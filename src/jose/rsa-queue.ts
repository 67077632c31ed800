/** Runs an operation with a private RSA key at the end of the event-loop turn; rejects with what it throws. */
export type RunRsa = <Result>(operation: () => Result) => Promise<Awaited<Result>>

/**
 * Makes a queue that runs the private-key operations of one event-loop turn in a row.
 *
 * An operation takes a third of a millisecond and leaves no cache as it was; all else of the turn's requests, run in
 * between, would find none of its code and data at hand and cost several times as much.
 */
export function createRsaQueue(): RunRsa {
  let queued: (() => () => void)[] = []

  function runTurn(): void {
    const turn = queued
    queued = []
    for (const settle of turn.map((run) => run())) settle()
  }

  return function runRsa(operation) {
    if (queued.length === 0) setImmediate(runTurn)
    return new Promise((resolve) => {
      queued.push(() => {
        const outcome = settled(operation)
        return () => resolve(outcome)
      })
    })
  }
}

/** Runs an operation at once; what it throws becomes a rejection. */
async function settled<Result>(operation: () => Result): Promise<Awaited<Result>> {
  return await operation()
}
