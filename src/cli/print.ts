import { outputPassedOn } from './standard-output.ts'

/** Where a command writes: results to standard output, everything else to standard error. */
export interface Printer {
  /** Prints a result: text for people, or with `--json` the value as one line of JSON. */
  result(text: string, value: unknown): void
  /** Prints a remark for people; nothing with `--json`. */
  note(text: string): void
  /** Resolves once every result has been passed on; rejects with OutputError when nobody takes them. */
  passedOn(): Promise<void>
}

/** Makes the printer of one run. */
export function createPrinter(json: boolean): Printer {
  return {
    result: (text, value) => {
      process.stdout.write(`${json ? JSON.stringify(value) : text}\n`)
    },
    note: (text) => {
      if (!json) process.stderr.write(`${text}\n`)
    },
    passedOn: outputPassedOn,
  }
}

/** Tells whether a command was called with `--json`, where there is no printer at hand. */
export function wantsJson(): boolean {
  return process.argv.includes('--json')
}

/** The exit codes of every command; that of output which is not read is what shells say of a program that SIGPIPE ended. */
export const EXIT = { done: 0, problem: 1, usage: 2, unread: 141 } as const
