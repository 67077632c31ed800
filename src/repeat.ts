/**
 * Runs something at once and then every so often, but not again while it is under way: what is slow to fail would be tried
 * ever more often.
 *
 * @param run - must not reject.
 * @returns what ends that; it resolves once nothing is under way.
 */
export function repeat(run: () => Promise<void>, milliseconds: number): () => Promise<void> {
  let running: Promise<void> | undefined

  function runAgain(): void {
    running ??= run().finally(() => {
      running = undefined
    })
  }

  runAgain()
  const timer = setInterval(runAgain, milliseconds)
  return async function end() {
    clearInterval(timer)
    await running
  }
}
