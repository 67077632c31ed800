import { Command, Option } from 'commander'
import { createToken } from '../client/create-token.ts'
import type { VerifiedCaptureContext } from '../client/verified-capture-context.ts'
import { verifyCaptureContext } from '../client/verify-capture-context.ts'
import { verifyTransientToken } from '../client/verify-transient-token.ts'
import { systemClock } from '../clock-and-random.ts'
import { UsageError } from '../errors.ts'
import { readCardOptions, type CardOptions } from './card-options.ts'
import {
  addConnection,
  addOrigins,
  allowedOrigins,
  notePlainHttp,
  readConnection,
  readUrl,
  type ConnectionOptions,
} from './connection.ts'
import { explainFlexErrors } from './explain-flex-error.ts'
import { createPrinter, type Printer } from './print.ts'
import { readJwt } from './read-text.ts'
import { openSession } from './session.ts'
import { DEFAULT_FIELDS, requestOf } from './session-fields.ts'

interface TokenOptions extends ConnectionOptions, CardOptions {
  readonly context?: string
  readonly origin?: readonly string[]
  readonly json?: true
}

const HELP = `
Never write a real card on a command line: shells and process lists keep it. Use --data - for that.

Examples:
  coatcheck token --credentials flex.json
  coatcheck session --credentials flex.json | coatcheck token --context -
  coatcheck token --context context.jwt --number 5555555555554444 --security-code 123
  coatcheck token --context context.jwt --data - < card.json`

const SINGLE_VALUES: readonly (readonly [flags: string, description: string])[] = [
  ['--number <digits>', 'test card number (default 4111111111111111)'],
  ['--expiration-month <month>', 'two digits (default 12)'],
  ['--expiration-year <year>', 'four digits (default three years ahead)'],
  ['--security-code <digits>', 'not sent by default'],
]

/** Makes the command `coatcheck token`. */
export function tokenCommand(): Command {
  const command = new Command('token')
    .description('Encrypt card data to a session and print the transient token, a JWT.')
    .option(
      '--context <jwt>',
      'capture context, a file that holds it, or - for standard input (default: opens a session)',
    )
    .addOption(
      new Option('--data <file>', 'card data as JSON; - for standard input').conflicts([
        'number',
        'expirationMonth',
        'expirationYear',
        'securityCode',
      ]),
    )
  for (const [flags, description] of SINGLE_VALUES) command.option(flags, description)
  command.option('--json', 'print JSON').addHelpText('after', HELP)
  return addOrigins(addConnection(command)).action(runToken)
}

async function runToken(options: TokenOptions): Promise<void> {
  if (options.context === '-' && options.data === '-') {
    throw new UsageError(
      'Standard input cannot be both context and data.',
      'Name a file for one of them.',
    )
  }
  const printer = createPrinter(options.json === true)
  const captureContext = await openContext(options, printer)
  const data = await readCardOptions(options, captureContext, systemClock())
  const transientToken = await explainFlexErrors('create a token', async () =>
    createToken({ captureContext, data }),
  )
  const { jti, exp, content } = await explainFlexErrors('verify the token', async () =>
    verifyTransientToken(transientToken, captureContext, { currentDate: systemClock() }),
  )
  printer.result(transientToken, {
    transientToken,
    jti,
    expiresAt: exp,
    content,
    captureContext: captureContext.jwt,
  })
}

/** Returns the verified capture context that was given, or that of a new session. */
async function openContext(
  options: TokenOptions,
  printer: Printer,
): Promise<VerifiedCaptureContext> {
  const { context, origin } = options
  const connection = context === undefined ? readConnection(options) : undefined
  const url = connection?.url ?? readUrl(options)
  notePlainHttp(printer, url)
  const jwt =
    connection === undefined
      ? await readJwt(context ?? '-', 'a capture context')
      : await openSession(connection, requestOf(DEFAULT_FIELDS))
  return explainFlexErrors('use the capture context', async () =>
    verifyCaptureContext(jwt, {
      origins: allowedOrigins(url, origin),
      publicKeyOrigin: url,
      currentDate: systemClock(),
    }),
  )
}
