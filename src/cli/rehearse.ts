import { Command, InvalidArgumentError, Option } from 'commander'
import { OperatorError } from '../errors.ts'
import { addOrigins, addUrl, notePlainHttp } from './connection.ts'
import { explainFlexErrors } from './explain-flex-error.ts'
import { createPrinter, EXIT } from './print.ts'
import { readConfiguration, type ConfigurationOptions } from './rehearse/configuration.ts'
import { rehearse, waysOf } from './rehearse/rehearse.ts'
import { renderReport } from './rehearse/render.ts'
import { WAYS } from './rehearse/ways.ts'

interface RehearseCommandOptions extends ConfigurationOptions {
  readonly origin?: readonly string[]
  readonly only?: readonly string[]
  readonly pay?: true
  readonly json?: true
}

const HELP = `
Opens a session in each way, makes a transient token with a published test card, reads it back and pays with it. Ways
for which there is nothing in the configuration are shown and not counted. Exits with 0 if everything works that is
configured, with 1 if not.

Away from this machine no payment is made without --pay: it could be a real one.

Ways: ${WAYS.map(({ name }) => name).join(', ')}

Examples:
  coatcheck rehearse --credentials flex.json
  coatcheck rehearse --credentials flex.json --only http-signature,jwt-v2-secret --json
  coatcheck rehearse --url https://pay.example.com --merchant-id shop-1 --key-id 1f0c… --secret-file secret.txt
  coatcheck rehearse --url https://pay.example.com --merchant-id shop-1 --p12 shop-1.p12 --mle-certificate requests.pem`

const FILES: readonly (readonly [flags: string, description: string])[] = [
  [
    '--credentials <file>',
    'JSON file, as "coatcheck dev --credentials <file>" writes it; the options below win over it',
  ],
  ['--merchant-id <id>', 'who to be'],
  ['--key-id <id>', 'key id of the shared secret'],
  ['--secret-file <file>', 'file that holds the shared secret in base64; - for standard input'],
  ['--p12 <file>', 'p12 with the merchant’s key and certificate'],
  [
    '--p12-password-file <file>',
    'file that holds the password of the p12 (default: the merchant id)',
  ],
  [
    '--mle-certificate <file>',
    'certificate of the service, to which requests are encrypted (default: the one in the p12)',
  ],
  ['--mle-reply-p12 <file>', 'p12 whose key decrypts replies (default: that of --p12)'],
  [
    '--mle-reply-password-file <file>',
    'file that holds the password of that p12 (default: the merchant id)',
  ],
]

/** Makes the command `coatcheck rehearse`. */
export function rehearseCommand(): Command {
  const command = addUrl(
    new Command('rehearse').description(
      'Try a merchant’s configuration in every way to authenticate and encrypt, and say what is ready.',
    ),
  )
  for (const [flags, description] of FILES) command.option(flags, description)
  const only = new Option('--only <ways>', 'the ways to try, with commas between them')
  addOrigins(command)
    .addOption(only.argParser(parseWays))
    .option('--pay', 'make payments at a host that is not this machine, too')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
  return command.action(runRehearse)
}

function parseWays(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim())
  if (names.every((name) => WAYS.some((way) => way.name === name))) return names
  throw new InvalidArgumentError(`Known are ${WAYS.map(({ name }) => name).join(', ')}.`)
}

async function runRehearse(options: RehearseCommandOptions): Promise<void> {
  const printer = createPrinter(options.json === true)
  const configuration = await readConfiguration(options)
  notePlainHttp(printer, configuration.url)
  const { origin: origins = [], only, pay = false } = options
  const report = await explainFlexErrors('use this configuration', () =>
    rehearse(configuration, { ways: waysOf(only), origins, pay }),
  )
  if (report.rows.every(({ state }) => state === 'not configured')) {
    throw new OperatorError(
      'Nothing of what --only names is configured.',
      report.rows.map(({ title, lacking = '' }) => `${title}: ${lacking}.`).join('\n  '),
    )
  }
  if (!report.ready) process.exitCode = EXIT.problem
  printer.result(renderReport(report), report)
}
