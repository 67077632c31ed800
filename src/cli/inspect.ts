import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { epochSeconds, systemClock } from '../clock-and-random.ts'
import { UsageError } from '../errors.ts'
import { explain } from '../inspect/explain.ts'
import { paint, renderReport } from '../inspect/render.ts'
import { createPrinter } from './print.ts'
import { readStandardInput, readText } from './read-text.ts'

interface InspectOptions {
  readonly file?: string
  readonly json?: true
}

const WHAT = 'a token or key'

const EXAMPLES = `
Recognises capture contexts, transient tokens and their jti, token requests (JWE), merchant JWTs, JWK and JWKS.
Works offline, verifies nothing, and never shows card data or sealed data.

Examples:
  coatcheck inspect eyJraWQiOi…
  coatcheck session | coatcheck inspect
  coatcheck inspect @context.jwt --json`

/** Makes the command `coatcheck inspect`. */
export function inspectCommand(): Command {
  return new Command('inspect')
    .description('Explain a token or key, claim by claim, without verifying it.')
    .argument(
      '[token]',
      'the text itself, @file, or - for standard input (default: what is piped in)',
    )
    .option('--file <file>', 'file that holds it')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(runInspect)
}

async function runInspect(token: string | undefined, options: InspectOptions): Promise<void> {
  const report = explain(await readInput(token, options), epochSeconds(systemClock))
  const { kind, title, problems, parts } = report
  const value = { kind, title, verified: false, problems, parts }
  createPrinter(options.json === true).result(renderReport(report, paint), value)
}

async function readInput(token: string | undefined, { file }: InspectOptions): Promise<string> {
  if (token !== undefined && file !== undefined) {
    throw new UsageError('Both a token and --file are given.', 'Leave one of them out.')
  }
  if (file !== undefined) return readText(file, WHAT)
  if (token === undefined && process.stdin.isTTY) {
    throw new UsageError(
      'There is nothing to explain: no token is given, and none is piped in.',
      'Write: coatcheck inspect <token>, coatcheck inspect @file, or coatcheck session | coatcheck inspect; "-" lets you paste one.',
    )
  }
  if (token === undefined || token === '-') return readStandardInput(WHAT)
  if (token.startsWith('@')) return readText(token, WHAT)
  if (!existsSync(token)) return token
  throw new UsageError('The argument is the name of a file.', 'Write @ before it to read the file.')
}
