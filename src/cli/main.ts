import { Command, CommanderError } from 'commander'
import { OperatorError } from '../errors.ts'
import { EXIT } from './print.ts'

/** Every command. Its modules are loaded when it is asked for, so that `serve` holds no code of the emulator. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  dev: async () => (await import('./dev.ts')).devCommand(),
  serve: async () => (await import('./serve.ts')).serveCommand(),
  keys: async () => (await import('./keys.ts')).keysCommand(),
  merchants: async () => (await import('./merchants.ts')).merchantsCommand(),
  credentials: async () => (await import('./credentials.ts')).credentialsCommand(),
  session: async () => (await import('./session.ts')).sessionCommand(),
  token: async () => (await import('./token.ts')).tokenCommand(),
  verify: async () => (await import('./verify.ts')).verifyCommand(),
  inspect: async () => (await import('./inspect.ts')).inspectCommand(),
  clock: async () => (await import('./clock.ts')).clockCommand(),
  faults: async () => (await import('./faults.ts')).faultsCommand(),
  reset: async () => (await import('./reset.ts')).resetCommand(),
}

async function main(): Promise<void> {
  const program = new Command('coatcheck')
    .description(
      'Isolates payment data behind short-lived signed tokens. Wire-compatible with Flex API v2.',
    )
    .version('0.1.0')
    .showSuggestionAfterError()
  for (const command of await loadCommands()) program.addCommand(command)
  for (const command of [program, ...everyCommand(program)])
    command.exitOverride().showHelpAfterError('(add --help for the options)')
  try {
    await program.parseAsync()
  } catch (error) {
    // What had been started, such as minting, would keep the process from ending.
    process.exit(report(error))
  }
}

/** Loads the command that is asked for; for help, suggestions and mistakes all of them. */
async function loadCommands(): Promise<readonly Command[]> {
  const [name = ''] = process.argv.slice(2).filter((argument) => argument !== '--')
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  const loaders = load === undefined ? Object.values(COMMANDS) : [load]
  return Promise.all(loaders.map((loader) => loader()))
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
