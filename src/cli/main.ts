import { CommanderError } from 'commander'
import { OperatorError, UsageError } from '../errors.ts'
import { explainStoreError } from './explain-store-error.ts'
import { EXIT } from './print.ts'
import { loadProgram } from './program.ts'
import { findHelpTopic } from './usage.ts'

async function main(): Promise<void> {
  const words = process.argv.slice(2).filter((argument) => argument !== '--')
  const program = await loadProgram(words[0])
  try {
    findHelpTopic(program, words)?.help()
    await program.parseAsync()
  } catch (error) {
    // What had been started, such as minting, would keep the process from ending.
    process.exit(report(explainStoreError(error)))
  }
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
  if (error instanceof OperatorError) {
    const { problem, fix } = error
    const asJson = process.argv.includes('--json')
    console.error(
      asJson ? JSON.stringify({ error: { problem, fix } }) : `coatcheck: ${problem}\n  ${fix}`,
    )
    return error instanceof UsageError ? EXIT.usage : EXIT.problem
  }
  console.error(error instanceof Error ? error.stack : String(error))
  return EXIT.problem
}

await main()
