import { Command } from 'commander'
import { examples } from './examples.ts'
import { refuseMistakes } from './usage.ts'

/** Every command. Its modules are loaded when it is asked for, so that `serve` holds no code of the emulator. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  dev: async () => (await import('./dev.ts')).devCommand(),
  serve: async () => (await import('./serve.ts')).serveCommand(),
  keys: async () => (await import('./keys.ts')).keysCommand(),
  merchants: async () => (await import('./merchants.ts')).merchantsCommand(),
  credentials: async () => (await import('./credentials.ts')).credentialsCommand(),
  audit: async () => (await import('./audit.ts')).auditCommand(),
  session: async () => (await import('./session.ts')).sessionCommand(),
  token: async () => (await import('./token.ts')).tokenCommand(),
  verify: async () => (await import('./verify.ts')).verifyCommand(),
  rehearse: async () => (await import('./rehearse.ts')).rehearseCommand(),
  inspect: async () => (await import('./inspect.ts')).inspectCommand(),
  clock: async () => (await import('./clock.ts')).clockCommand(),
  faults: async () => (await import('./faults.ts')).faultsCommand(),
  reset: async () => (await import('./reset.ts')).resetCommand(),
  doctor: async () => (await import('./doctor.ts')).doctorCommand(),
  completion: async () => (await import('./completion.ts')).completionCommand(() => loadProgram()),
}

/**
 * Makes the program.
 *
 * @param name - the command to load. Default, and for a name that none has, is all: for help and suggestions.
 */
export async function loadProgram(name = ''): Promise<Command> {
  const program = new Command('coatcheck')
    .description(
      'Isolates payment data behind short-lived signed tokens. Wire-compatible with Flex API v2.',
    )
    .version('0.1.0')
    .addHelpText('after', examples('coatcheck dev', 'coatcheck doctor', 'coatcheck help merchants'))
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  const loaders = load === undefined ? Object.values(COMMANDS) : [load]
  const commands = await Promise.all(loaders.map((loader) => loader()))
  for (const command of commands) program.addCommand(command)
  for (const command of everyCommand(program)) refuseMistakes(command)
  return program
}

/** A command and all that are below it. */
function everyCommand(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(everyCommand)]
}
