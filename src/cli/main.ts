import { Command, CommanderError } from 'commander'
import { OperatorError } from '../errors.ts'
import { devCommand } from './dev.ts'
import { inspectCommand } from './inspect.ts'
import { keysCommand } from './keys.ts'
import { merchantsCommand } from './merchants.ts'
import { EXIT } from './print.ts'
import { serveCommand } from './serve.ts'
import { sessionCommand } from './session.ts'
import { tokenCommand } from './token.ts'
import { verifyCommand } from './verify.ts'

const COMMANDS = [
  devCommand,
  serveCommand,
  keysCommand,
  merchantsCommand,
  sessionCommand,
  tokenCommand,
  verifyCommand,
  inspectCommand,
]

async function main(): Promise<void> {
  const program = new Command('coatcheck')
    .description(
      'Isolates payment data behind short-lived signed tokens. Wire-compatible with Flex API v2.',
    )
    .version('0.1.0')
    .showSuggestionAfterError()
  for (const create of COMMANDS) program.addCommand(create())
  for (const command of [program, ...everyCommand(program)])
    command.exitOverride().showHelpAfterError('(add --help for the options)')
  try {
    await program.parseAsync()
  } catch (error) {
    process.exitCode = report(error)
  }
}

function everyCommand(command: Command): readonly Command[] {
  return command.commands.flatMap((child) => [child, ...everyCommand(child)])
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
  const asJson = process.argv.includes('--json')
  if (error instanceof OperatorError) {
    const { problem, fix } = error
    console.error(
      asJson ? JSON.stringify({ error: { problem, fix } }) : `coatcheck: ${problem}\n  ${fix}`,
    )
    return EXIT.problem
  }
  console.error(error instanceof Error ? error.stack : String(error))
  return EXIT.problem
}

await main()
