import { pino, type DestinationStream } from 'pino'
import { ServiceError } from '../errors.ts'
import type { Now } from '../clock-and-random.ts'
import { redactLine, redactText } from './redact.ts'

/** What may be logged beside a message: JSON values without card data, secrets or whole tokens. */
export type LogFields = Readonly<Record<string, unknown>>

/** The program's log: one JSON object a line. Texts that give access are redacted before they are written. */
export interface Logger {
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

interface LoggerOptions {
  readonly level: 'info' | 'warn' | 'error' | 'silent'
  readonly now: Now
  readonly destination: DestinationStream
}

/** Makes a logger that writes to a destination. */
export function createLogger({ level, now, destination }: LoggerOptions): Logger {
  const timestamp = (): string => `,"time":"${now().toISOString()}"`
  // The whole line is redacted: no field, however it came in, escapes that.
  const redacting = { write: (line: string): void => destination.write(redactLine(line)) }
  const log = pino(
    { level, timestamp, base: null, formatters: { level: (label) => ({ level: label }) } },
    redacting,
  )
  const write =
    (to: 'info' | 'warn' | 'error') =>
    (message: string, fields: LogFields = {}): void => {
      log[to](fields, message)
    }
  return { info: write('info'), warn: write('warn'), error: write('error') }
}

/** Describes what was thrown, for the log: class, message and stack; a cause is described the same way. */
export function describeError(error: unknown): LogFields {
  if (!(error instanceof Error)) return { thrown: typeof error }
  const cause = error.cause === undefined ? {} : { cause: describeError(error.cause) }
  const code = error instanceof ServiceError ? { code: error.code } : {}
  return {
    name: error.name,
    message: redactText(error.message),
    ...code,
    stack: error.stack,
    ...cause,
  }
}
