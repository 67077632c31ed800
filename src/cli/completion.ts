import { Argument, Command } from 'commander'
import { OperatorError } from '../errors.ts'
import { describeCommand, flatten, type CommandEntry } from './command-tree.ts'
import { completeInBash } from './completion/bash.ts'
import { completeInFish } from './completion/fish.ts'
import { completeInZsh } from './completion/zsh.ts'

/** Writes the script of a shell, by the shell's name. */
const SHELLS: Readonly<Record<string, (commands: readonly CommandEntry[]) => string>> = {
  bash: completeInBash,
  zsh: completeInZsh,
  fish: completeInFish,
}

const HELP = `
It completes "coatcheck", so that must be on your path. Load it in the shell that you use, or for good in its start file:
  bash, in ~/.bashrc    source <(coatcheck completion bash)
  zsh, in ~/.zshrc      source <(coatcheck completion zsh), below compinit
  fish                  coatcheck completion fish > ~/.config/fish/completions/coatcheck.fish

Examples:
  coatcheck completion bash
  coatcheck completion fish > coatcheck.fish`

/**
 * Makes the command `coatcheck completion`.
 *
 * @param loadAll - makes the program with all its commands.
 */
export function completionCommand(loadAll: () => Promise<Command>): Command {
  const shell = new Argument('<shell>', 'bash, zsh or fish').choices(Object.keys(SHELLS))
  return new Command('completion')
    .description('Print a script that completes commands, flags and choices in a shell.')
    .addArgument(shell)
    .addHelpText('after', HELP)
    .action(async (name: string) => {
      process.stdout.write(await makeScript(name, loadAll))
    })
}

async function makeScript(name: string, loadAll: () => Promise<Command>): Promise<string> {
  const write = SHELLS[name]
  if (write === undefined) {
    throw new OperatorError(`There is no completion for ${name}.`, 'It is bash, zsh or fish.')
  }
  return write(flatten(describeCommand(await loadAll())))
}
