import type { DestinationStream } from 'pino'

/** A log destination that holds lines until the end of the event-loop turn. */
export interface JoiningDestination extends DestinationStream {
  /** Writes what is held, at once. */
  flush(): void
}

/** Joins the lines of one event-loop turn: a write costs a buffering destination more than the line that it writes. */
export function joinTurns(destination: DestinationStream): JoiningDestination {
  let lines = ''

  function flush(): void {
    if (lines === '') return
    destination.write(lines)
    lines = ''
  }

  return {
    write(line) {
      if (lines === '') setImmediate(flush)
      lines += line
    },
    flush,
  }
}
