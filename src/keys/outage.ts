/** Tells of an outage twice, however often something fails in it. */
export interface Outage {
  /** Runs what may fail; false when it did. The first failure begins the outage, the first success ends it. */
  attempt(run: () => Promise<unknown>): Promise<boolean>
}

/** Makes what tells when an outage begins and when it has ended. */
export function createOutage(onBegin: (error: unknown) => void, onEnd: () => void): Outage {
  let isOn = false
  return {
    async attempt(run) {
      try {
        await run()
      } catch (error) {
        if (!isOn) onBegin(error)
        isOn = true
        return false
      }
      if (isOn) onEnd()
      isOn = false
      return true
    },
  }
}
