import { styleText } from 'node:util'
import { Command } from 'commander'
import { systemClock } from '../clock-and-random.ts'
import { OperatorError, UsageError } from '../errors.ts'
import { decodeJws } from '../jose/jws.ts'
import {
  addControl,
  addOrigins,
  allowedOrigins,
  notePlainHttp,
  readUrl,
  type ConnectionOptions,
} from './connection.ts'
import { printable } from '../inspect/show-value.ts'
import { createPrinter, EXIT } from './print.ts'
import { readJwt } from './read-text.ts'
import { judgeContext } from './verify/judge-context.ts'
import { judgeToken } from './verify/judge-token.ts'
import type { Authority, Verdict } from './verify/verdict.ts'

interface VerifyOptions extends ConnectionOptions {
  readonly origin?: readonly string[]
  readonly context?: string
  readonly json?: true
}

const HELP = `
A capture context is verified with the public key that the service publishes. A transient token is verified
with its capture context, which must be the one you opened, not one that came along with the token.
Exits with 0 if it is valid, with 1 if not.

Examples:
  coatcheck session | coatcheck verify -
  coatcheck verify token.jwt --context context.jwt --credentials flex.json
  coatcheck verify eyJraWQiOi… --url https://pay.example.com --json`

/** Makes the command `coatcheck verify`. */
export function verifyCommand(): Command {
  const command = new Command('verify')
    .description('Verify a capture context or a transient token.')
    .argument('<jwt>', 'the JWT, a file that holds it, or - for standard input')
    .option('--context <jwt>', 'capture context of a transient token: JWT, file, or -')
    .addHelpText('after', HELP)
  return addOrigins(addControl(command)).action(runVerify)
}

async function runVerify(source: string, options: VerifyOptions): Promise<void> {
  const printer = createPrinter(options.json === true)
  const url = readUrl(options)
  notePlainHttp(printer, url)
  const authority = { url, origins: allowedOrigins(url, options.origin), now: systemClock() }
  const verdict = await judge(source, options.context, authority)
  if (!verdict.valid) process.exitCode = EXIT.problem
  printer.result(renderVerdict(verdict), toJson(verdict))
}

async function judge(
  source: string,
  context: string | undefined,
  authority: Authority,
): Promise<Verdict> {
  if (source === '-' && context === '-') {
    throw new UsageError(
      'Standard input cannot be both token and context.',
      'Name a file for one of them.',
    )
  }
  const jwt = await readJwt(source, 'a JWT')
  if (context !== undefined) {
    return judgeToken(jwt, await readJwt(context, 'a capture context'), authority)
  }
  const claims = decodeJws(jwt)?.claims
  if (claims === undefined || Object.hasOwn(claims, 'flx')) return judgeContext(jwt, authority)
  throw new OperatorError(
    'This is no capture context.',
    'If it is a transient token, add the capture context that it was made for with --context.',
  )
}

function toJson(verdict: Verdict): object {
  const { valid, summary } = verdict
  if (!verdict.valid) return { valid, reason: verdict.reason, summary }
  const { kind, kid, expiresAt, facts } = verdict
  return { valid, kind, kid, expiresAt, ...facts, summary }
}

function renderVerdict({ valid, summary, lines }: Verdict): string {
  const mark = styleText(valid ? 'green' : 'red', valid ? '✓' : '✗', { stream: process.stdout })
  const width = Math.max(0, ...lines.map(([name]) => name.length))
  return [
    `${mark} ${printable(summary)}`,
    ...lines.map(([name, text]) => `  ${name.padEnd(width)}  ${printable(text)}`),
  ].join('\n')
}
