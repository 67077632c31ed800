/** Tells of an outage twice, however often something fails in it. */
export interface Outage {
  /** Takes note of a failure: the first one begins the outage. */
  fail(error: unknown): void
  /** Takes note that it works: the outage has ended, if there was one. */
  succeed(): void
}

/** Makes what tells when an outage begins and when it has ended. */
export function createOutage(onBegin: (error: unknown) => void, onEnd: () => void): Outage {
  let isOn = false
  return {
    fail(error) {
      if (!isOn) onBegin(error)
      isOn = true
    },
    succeed() {
      if (isOn) onEnd()
      isOn = false
    },
  }
}
