import type { DestinationStream } from 'pino'

/** A log destination that shows nothing yet. */
export interface HeldLog extends DestinationStream {
  /** Forgets what was held, and writes on from here. */
  skip(): void
  /** Writes what was held, and on from here. */
  show(): void
}

/** Holds a log back, so that what a start does by itself is shown only when it fails. */
export function holdLog(destination: DestinationStream): HeldLog {
  let held: string[] | undefined = []
  return {
    write: (line) => {
      if (held === undefined) destination.write(line)
      else held.push(line)
    },
    skip: () => {
      held = undefined
    },
    show: () => {
      for (const line of held ?? []) destination.write(line)
      held = undefined
    },
  }
}
