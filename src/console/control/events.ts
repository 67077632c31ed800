const RETRY_MILLISECONDS = [500, 1000, 2000, 5000, 10_000] as const

/** What takes the events of a stream. */
export interface Receivers {
  /** By the name of the event; the data is parsed JSON. */
  readonly byName: Readonly<Record<string, (data: unknown) => void>>
  /** The connection was lost; it is sought again. */
  onLost(): void
}

/** Follows a stream of events for good: however it ends, it is opened again, at first at once and then less often. */
export function followEvents(url: string, { byName, onLost }: Receivers): void {
  let failures = 0

  function connect(): void {
    const source = new EventSource(url)
    for (const [name, receive] of Object.entries(byName)) {
      source.addEventListener(name, ({ data }: MessageEvent<unknown>) => {
        failures = 0
        if (typeof data === 'string') receive(JSON.parse(data))
      })
    }
    // The browser gives up for good after some answers, so it is not left to it.
    source.addEventListener('error', () => {
      source.close()
      onLost()
      const last = RETRY_MILLISECONDS.length - 1
      setTimeout(connect, RETRY_MILLISECONDS[Math.min(failures, last)])
      failures += 1
    })
  }

  connect()
}
