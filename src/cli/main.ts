import cluster from 'node:cluster'
import { CommanderError, type Command } from 'commander'
import { OperatorError, UsageError } from '../errors.ts'
import { explainStoreError } from './explain-store-error.ts'
import { EXIT, wantsJson } from './print.ts'
import { loadProgram } from './program.ts'
import { endWithOutput, OutputError, outputPassedOn, watchOutput } from './standard-output.ts'
import { findHelpTopic } from './usage.ts'

async function main(): Promise<void> {
  watchOutput()
  const words = process.argv.slice(2).filter((argument) => argument !== '--')
  const program = await loadProgram(words[0])
  try {
    await runCommand(program, words)
    await outputPassedOn()
    endWithOutput(end)
  } catch (error) {
    end(error)
  }
}

/** What had been started, such as minting, would keep the process from ending. */
function end(error: unknown): never {
  process.exit(report(explainStoreError(error)))
}

/** Help and the version are results like others, though they are thrown. */
async function runCommand(program: Command, words: string[]): Promise<void> {
  try {
    findHelpTopic(program, words)?.help()
    await program.parseAsync()
  } catch (error) {
    if (!(error instanceof CommanderError && error.exitCode === 0)) throw error
  }
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return EXIT.usage
  if (error instanceof OutputError && error.isUnread) return EXIT.unread
  // The primary has the same output, and says so.
  if (error instanceof OutputError && cluster.isWorker) return EXIT.problem
  if (error instanceof OperatorError) {
    const { problem, fix } = error
    console.error(
      wantsJson() ? JSON.stringify({ error: { problem, fix } }) : `coatcheck: ${problem}\n  ${fix}`,
    )
    return error instanceof UsageError ? EXIT.usage : EXIT.problem
  }
  console.error(error instanceof Error ? error.stack : String(error))
  return EXIT.problem
}

await main()
