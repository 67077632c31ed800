import { OperatorError } from '../errors.ts'
import { systemCode, systemReason } from '../system-error.ts'

let failure: Error | undefined

/** Standard output does not take what is written to it. */
export class OutputError extends OperatorError {
  /** In the words of the operating system. */
  readonly reason: string
  /** Whether it was read no further, as by `head`. */
  readonly isUnread: boolean

  /** Makes it of what the operating system says. */
  constructor(cause: Error) {
    const reason = systemReason(cause)
    super(
      `Standard output cannot be written: ${reason}.`,
      'What was asked for may be done already: see that before you repeat it with an output that takes everything.',
      cause,
    )
    this.reason = reason
    this.isUnread = systemCode(cause) === 'EPIPE'
  }
}

/** Keeps in mind that standard output has failed, which would otherwise end the process wherever it is. */
export function watchOutput(): void {
  process.stdout.on('error', (error: Error) => {
    failure ??= error
  })
  // A remark that nobody gets changes no result.
  process.stderr.on('error', () => {})
}

/** Resolves once everything that was written to standard output has been passed on. Rejects with OutputError. */
export function outputPassedOn(): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write('', (error) => {
      const failed = failure ?? error ?? undefined
      if (failed === undefined) resolve()
      else reject(new OutputError(failed))
    })
  })
}

/** Ends a process that runs on, such as `serve`, as soon as standard output fails. */
export function endWithOutput(end: (error: OutputError) => void): void {
  process.stdout.on('error', (error: Error) => end(new OutputError(error)))
}
