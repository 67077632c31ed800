import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { Command } from 'commander'
import { describeCommand, flatten, type CommandEntry } from '../../src/cli/command-tree.ts'
import { loadProgram } from '../../src/cli/program.ts'

let commands: readonly CommandEntry[] = []
before(async () => {
  commands = flatten(describeCommand(await loadProgram()))
})

test('every command and subcommand has an example in its help', () => {
  assert.ok(commands.length > 15)
  const lacking = commands.filter(({ examples }) => examples.length === 0)
  assert.deepEqual(
    lacking.map(({ path }) => path),
    [],
  )
})

test('the examples of a command that does something show it', () => {
  for (const { path, examples, commands: below } of commands) {
    const isShown = examples.some((example) => example.includes(path))
    assert.ok(isShown || below.length > 0, path)
  }
})

/** Takes a line apart as a shell does: the arguments of each `coatcheck` in it. */
function callsIn(line: string): readonly (readonly string[])[] {
  return line
    .replace(/\s#.*$/, '')
    .split(/&&|\|/)
    .map((call) => call.replaceAll(/[<>]\s*\S+/g, '').trim())
    .filter((call) => call.startsWith('coatcheck'))
    .map((call) =>
      [...call.matchAll(/'([^']*)'|(\S+)/g)]
        .slice(1)
        .map(([, quoted, bare]) => quoted ?? bare ?? ''),
    )
}

function disarm(command: Command): void {
  command.action(() => {})
  for (const child of command.commands) disarm(child)
}

test('every example parses', async (t) => {
  let parsed = 0
  for (const example of commands.flatMap((command) => command.examples)) {
    for (const args of callsIn(example)) {
      const program = await loadProgram(args[0])
      for (const command of program.commands) disarm(command)
      if (args[0] === 'help') continue
      await assert.doesNotReject(program.parseAsync(args, { from: 'user' }), example)
      parsed += 1
    }
  }
  t.diagnostic(`${parsed} examples`)
  assert.ok(parsed > commands.length)
})

test('help ends each description of a command with a full stop, and of a flag without', () => {
  for (const { path, description, flags } of commands) {
    assert.match(description, /\.$/, path)
    for (const flag of flags) assert.match(flag.description, /[^.\s]$/, `${path} ${flag.flags}`)
  }
})
