import type { Command, Option } from 'commander'

/** A flag, as help shows it. */
export interface FlagEntry {
  /** Such as `-h, --help` or `--port <value>`. */
  readonly flags: string
  readonly long: string
  /** With choices and default. */
  readonly description: string
  /** What its value is called; undefined when it takes none. */
  readonly value: string | undefined
  readonly choices: readonly string[]
}

/** A command, as help shows it. */
export interface CommandEntry {
  /** Such as `coatcheck merchants add`. */
  readonly path: string
  readonly description: string
  /** Such as `coatcheck merchants add [options] <id>`. */
  readonly usage: string
  readonly arguments: readonly {
    readonly name: string
    readonly description: string
    readonly choices: readonly string[]
  }[]
  readonly flags: readonly FlagEntry[]
  /** What help says below the flags, but for the examples. */
  readonly remarks: readonly string[]
  readonly examples: readonly string[]
  readonly commands: readonly CommandEntry[]
}

const EXAMPLES_TITLE = /^Examples?:$/
const EXAMPLE = /^ {2}(?:[^ ].*\| )?coatcheck /

/** Describes a command and all that are below it, by what their help shows. */
export function describeCommand(command: Command): CommandEntry {
  const help = command.createHelp()
  const below = helpBelow(command)
  return {
    path: pathOf(command),
    description: command.description(),
    usage: help.commandUsage(command),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      description: help.argumentDescription(argument),
      choices: argument.argChoices ?? [],
    })),
    flags: help.visibleOptions(command).map((option) => ({
      ...describeFlag(option),
      description: help.optionDescription(option),
    })),
    remarks: below.filter(
      (line) => line !== '' && !EXAMPLES_TITLE.test(line) && !EXAMPLE.test(line),
    ),
    examples: below.filter((line) => EXAMPLE.test(line)).map((line) => line.trim()),
    commands: command.commands.map(describeCommand),
  }
}

/** Returns a command and all that are below it, as one list. */
export function flatten(entry: CommandEntry): readonly CommandEntry[] {
  return [entry, ...entry.commands.flatMap(flatten)]
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}

function describeFlag({ flags, long, argChoices }: Option): Omit<FlagEntry, 'description'> {
  const value = /[<[]([^>\]]+)[>\]]/.exec(flags)?.[1]
  const choices = argChoices ?? (value?.includes('|') ? value.split('|') : [])
  return { flags, long: long ?? '', value, choices }
}

/** The lines that a command adds below its own help; they are only to be had by printing it. */
function helpBelow(command: Command): readonly string[] {
  let shown = ''
  const output = command.configureOutput()
  command.configureOutput({ ...output, writeOut: (text) => (shown += text) })
  command.outputHelp()
  command.configureOutput(output)
  return shown.slice(command.helpInformation().length).split('\n')
}
