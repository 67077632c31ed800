import { EventEmitter } from 'node:events'
import type { Command, CommanderError, Option } from 'commander'
import { UsageError } from '../errors.ts'
import { nearest } from '../nearest.ts'
import { HARDENED_ARGUMENTS } from './harden-process.ts'
import { wantsJson } from './print.ts'

/** Makes a command throw {@link UsageError} for each mistake in its use, and print nothing of its own. */
export function refuseMistakes(command: Command): void {
  command
    .showSuggestionAfterError(false)
    .configureOutput({ outputError: () => {} })
    .exitOverride((error) => {
      throw error.code.startsWith('commander.help') || error.exitCode === 0
        ? error
        : explainMistake(error, command)
    })
  for (const option of command.options) watchOption(command, option)
}

/** What to do, by the code of the mistake. */
const FIXES: Readonly<Record<string, (command: Command, message: string) => string>> = {
  'commander.unknownOption': suggestOption,
  'commander.unknownCommand': suggestCommand,
  'commander.optionMissingArgument': describeValue,
  'commander.invalidArgument': suggestChoice,
  'commander.missingArgument': describeUsage,
  'commander.excessArguments': describeUsage,
  'commander.conflictingOption': () => 'Leave one of them out.',
}

function explainMistake(error: CommanderError, command: Command): UsageError {
  const { parent } = command
  const word = misreadWord(command)
  if (parent !== null && word !== undefined) return unknownCommand(parent, word)
  const message = error.message.replace(/^error: /, '').trim()
  const fix = FIXES[error.code]?.(command, message) ?? pointToHelp(command)
  return new UsageError(/[.?]$/.test(message) ? message : `${message}.`, fix)
}

/** A word that names no command, and was taken for an argument of the one that runs by default. */
function misreadWord(command: Command): string | undefined {
  const [word] = command.args
  const isNamed = command.parent === null || command.parent.args[0] === command.name()
  if (isNamed || command.registeredArguments.length > 0 || word?.startsWith('-')) return undefined
  return word
}

function unknownCommand(parent: Command, word: string): UsageError {
  return new UsageError(`unknown command '${word}'.`, suggestCommand(parent, `'${word}'`))
}

/** The command as it is typed, such as `coatcheck merchants add`. */
function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`
}

function pointToHelp(command: Command): string {
  return `See "${nameOf(command)} --help".`
}

function quotedIn(message: string): string {
  return /'([^']*)'/.exec(message)?.[1] ?? ''
}

function suggestOption(command: Command, message: string): string {
  const flags = command
    .createHelp()
    .visibleOptions(command)
    .map(({ long }) => long ?? '')
  const [typed = ''] = quotedIn(message).split('=')
  const meant = nearest(typed, flags)
  return meant === undefined ? pointToHelp(command) : `Did you mean ${meant}?`
}

function suggestCommand(command: Command, message: string): string {
  const names = command.commands.map((child) => child.name())
  if (names.length === 0) return pointToHelp(command)
  const meant = nearest(quotedIn(message), names)
  return meant === undefined
    ? `There are: ${names.join(', ')}.`
    : `Did you mean "${nameOf(command)} ${meant}"?`
}

/**
 * Finds the command on which help is asked for, such as by `help keys list` or `keys help list`; undefined when none is.
 * Commander itself looks at the first word alone, and shows the help of the command above in the place of one that there
 * is not.
 *
 * @throws UsageError.
 */
export function findHelpTopic(
  command: Command,
  [word, ...rest]: readonly string[],
): Command | undefined {
  const child = findBelow(command, word)
  if (child !== undefined) return findHelpTopic(child, rest)
  if (word !== 'help' || command.commands.length === 0) return undefined
  return rest.filter((topic) => !/^(?:help|-.*)?$/.test(topic)).reduce(needBelow, command)
}

function findBelow(command: Command, name: string | undefined): Command | undefined {
  return command.commands.find((child) => child.name() === name)
}

function needBelow(command: Command, name: string): Command {
  const child = findBelow(command, name)
  if (child !== undefined) return child
  throw unknownCommand(command, name)
}

function findOption(command: Command, message: string): Option | undefined {
  return command.options.find(({ flags }) => flags === quotedIn(message))
}

function describeValue(command: Command, message: string): string {
  const option = findOption(command, message)
  const choices = option?.argChoices ?? []
  const values =
    choices.length > 0 ? choices.map((choice) => `${option?.long} ${choice}`) : [option?.flags]
  return `Write ${values.join(' or ')}: ${option?.description}.`
}

function suggestChoice(command: Command, message: string): string {
  const given = /(?:argument|value) '([^']*)' is invalid/.exec(message)?.[1] ?? ''
  const ofArguments = command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices)
  const meant = nearest(given, findOption(command, message)?.argChoices ?? ofArguments)
  return meant === undefined ? pointToHelp(command) : `Did you mean ${meant}?`
}

function describeUsage(command: Command): string {
  return `Write: ${nameOf(command)} ${command.usage()}`
}

/** Notices what would otherwise be taken silently: a flag as the value of another, and a flag that is given twice. */
function watchOption(command: Command, option: Option): void {
  if (!option.required || !(command instanceof EventEmitter)) return
  let times = 0
  // Before the value is parsed: a flag is no bad value, but none.
  command.prependListener(`option:${option.name()}`, (value: unknown) => {
    times += 1
    if (typeof value === 'string' && command.options.some(({ long }) => long === value)) {
      throw new UsageError(
        `option '${option.flags}' has no value: ${value} follows.`,
        describeValue(command, `'${option.flags}'`),
      )
    }
    if (times === 2 && !isRepeatable(option)) noteTwice(option)
  })
}

function noteTwice({ long }: Option): void {
  // The processes that the vault makes of itself have its arguments, and it has said so already.
  const isOfVault = HARDENED_ARGUMENTS.every((argument) => process.execArgv.includes(argument))
  if (wantsJson() || isOfVault) return
  console.error(`coatcheck: ${long} is given twice: the last one counts.\n  Leave one of them out.`)
}

/** The help says it, and what the help says must hold. */
function isRepeatable({ description }: Option): boolean {
  return description.includes('repeatable')
}
