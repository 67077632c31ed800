/** Lets a request go on together with those that arrive at the same time. */
export type Gather = (goOn: () => void) => void

// Whoever was answered in the last turn and sends again has arrived by then. An idle process takes microseconds for a turn.
const TURNS = 3

/**
 * Makes a place where requests wait, a few turns of the event loop, for those that arrive meanwhile.
 *
 * From there they take every asynchronous step in a row, each step of all of them before the next: code and data of a step
 * are at hand for all but the first. A request that went through alone would find the caches full of the one before.
 */
export function createGathering(): Gather {
  let gathered: (() => void)[] = []

  function wait(turns: number): void {
    setImmediate(() => {
      if (turns > 1) wait(turns - 1)
      else letGo()
    })
  }

  function letGo(): void {
    const together = gathered
    gathered = []
    for (const goOn of together) goOn()
  }

  return function gather(goOn) {
    if (gathered.length === 0) wait(TURNS)
    gathered.push(goOn)
  }
}
