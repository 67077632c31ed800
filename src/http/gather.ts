/** Lets a request go on at the end of the event-loop turn. */
export type Gather = (goOn: () => void) => void

/**
 * Makes a place where the requests that arrived in one turn of the event loop wait for each other.
 *
 * From there they take every asynchronous step in a row, each step of all of them before the next: code and data of a step
 * are at hand for all but the first. A request that went through alone would find the caches full of the one before.
 */
export function createGathering(): Gather {
  let gathered: (() => void)[] = []

  function letGo(): void {
    const turn = gathered
    gathered = []
    for (const goOn of turn) goOn()
  }

  return function gather(goOn) {
    if (gathered.length === 0) setImmediate(letGo)
    gathered.push(goOn)
  }
}
