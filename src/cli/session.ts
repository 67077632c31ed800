import { Command, Option } from 'commander'
import type { CaptureContextRequest } from '../client/capture-context-request.ts'
import { createClient } from '../client/create-client.ts'
import { decodeJws } from '../jose/jws.ts'
import { numberMember } from '../protocol/parse.ts'
import {
  addConnection,
  notePlainHttp,
  readConnection,
  type Connection,
  type ConnectionOptions,
} from './connection.ts'
import { explainFlexErrors } from './explain-flex-error.ts'
import { createPrinter } from './print.ts'
import { readText } from './read-text.ts'
import {
  DEFAULT_FIELDS,
  parseField,
  parseRequest,
  requestOf,
  type Field,
} from './session-fields.ts'

interface SessionOptions extends ConnectionOptions {
  readonly field?: readonly Field[]
  readonly request?: string
  readonly json?: true
}

const EXAMPLES = `
Examples:
  coatcheck session --credentials flex.json
  coatcheck session --credentials flex.json --field number --field 'securityCode?'
  coatcheck session --request request.json | coatcheck inspect`

/** Makes the command `coatcheck session`. */
export function sessionCommand(): Command {
  const field = new Option(
    '--field <path>',
    'field to capture, required unless ? follows (quote it); repeatable (default: number, expirationMonth, expirationYear, securityCode?)',
  )
  const command = new Command('session')
    .description('Open a session and print its capture context, a JWT.')
    .addOption(field.argParser(parseField))
    .addOption(
      new Option('--request <file>', 'whole request as JSON; - for standard input').conflicts(
        'field',
      ),
    )
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
  return addConnection(command).action(runSession)
}

async function runSession(options: SessionOptions): Promise<void> {
  const printer = createPrinter(options.json === true)
  const connection = readConnection(options)
  notePlainHttp(printer, connection.url)
  const request =
    options.request === undefined
      ? requestOf(options.field ?? DEFAULT_FIELDS)
      : parseRequest(await readText(options.request, 'the request as JSON'))
  const captureContext = await openSession(connection, request)
  const expiresAt = numberMember(decodeJws(captureContext)?.claims ?? {}, 'exp')
  printer.result(captureContext, { captureContext, expiresAt })
}

/** Opens a session and returns its capture context, not yet verified. Throws OperatorError when it cannot. */
export async function openSession(
  connection: Connection,
  request: CaptureContextRequest,
): Promise<string> {
  return explainFlexErrors(`open a session at ${connection.url}`, async () =>
    createClient(connection).generateFlexAPICaptureContext(request),
  )
}
