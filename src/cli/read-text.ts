import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { OperatorError } from '../errors.ts'

const JWT = /^ey[\w-]*\.[\w-]*\.[\w-]*$/

/** Reads what `-` (standard input), `@file` or the path of a file names. `what` says what is expected, such as `a JWT`. */
export async function readText(source: string, what: string): Promise<string> {
  if (source === '-') return readStandardInput(what)
  return readTextFile(source.startsWith('@') ? source.slice(1) : source, what)
}

/** Returns a JWT that is given as it is, or by {@link readText}, without the white space around it. */
export async function readJwt(source: string, what: string): Promise<string> {
  const given = JWT.test(source) ? source : await readText(source, what)
  return given.trim()
}

/** Reads a file of text. */
export function readTextFile(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
    throw new OperatorError(
      `The file that should hold ${what} cannot be read${code}.`,
      'Name a file, or - for standard input.',
      cause,
    )
  }
}

/** Standard input, as far as it is used here. */
export type Input = AsyncIterable<Uint8Array | string> & {
  /** Whether somebody sits there. Default is false. */
  readonly isTTY?: boolean
}

/** Reads an input (default: standard input) to its end. On a terminal it says first what is waited for. */
export async function readStandardInput(
  what: string,
  input: Input = process.stdin,
): Promise<string> {
  if (input.isTTY === true) {
    process.stderr.write(`Paste ${what}, then press Enter and Ctrl-D.\n`)
  }
  const read = await text(input)
  if (read.trim() !== '') return read
  throw new OperatorError(
    `Standard input is empty; ${what} was expected.`,
    'Pipe it in, or name it as an argument.',
  )
}
