import type { CommandEntry, FlagEntry } from '../command-tree.ts'
import { expectedBehind, expectedOf, quote, shortName, type Expected } from './words.ts'

/** What follows `-a`; nothing is offered beside it. */
function offerOf(expected: Expected): string {
  const offers = {
    files: '-r -F',
    folders: "-x -a '(__fish_complete_directories)'",
    anything: '-x',
  }
  if (expected.kind !== 'words') return offers[expected.kind]
  return `-x -a ${quote(expected.words.join(' '))}`
}

/** Writes the completion for fish. */
export function completeInFish(commands: readonly CommandEntry[]): string {
  const paths = commands.slice(1).map(({ path }) => quote(path))
  return `# Completion of coatcheck for fish, as "coatcheck completion fish" prints it.
function __coatcheck_at
  set -l at coatcheck
  set -l words (commandline -opc)
  for word in $words[2..-1]
    if contains -- "$at $word" ${paths.join(' ')}
      set at "$at $word"
    end
  end
  test "$at" = "$argv[1]"
end
complete -c coatcheck -f
${commands.flatMap(linesOf).join('\n')}
`
}

function linesOf(entry: CommandEntry): readonly string[] {
  const here = `complete -c coatcheck -n "__coatcheck_at ${quote(entry.path)}"`
  const names = entry.commands.map(
    (child) => `${here} -x -a ${quote(shortName(child))} -d ${quote(child.description)}`,
  )
  return [
    ...names,
    ...argumentLines(entry, here),
    ...entry.flags.map((flag) => flagLine(flag, here)),
  ]
}

function argumentLines(entry: CommandEntry, here: string): readonly string[] {
  const expected = expectedBehind(entry)
  if (entry.commands.length > 0 || expected.kind === 'anything') return []
  if (expected.kind === 'words' && expected.words.length === 0) return []
  return [`${here} ${expected.kind === 'files' ? '-F' : offerOf(expected)}`]
}

function flagLine({ long, value, choices, description }: FlagEntry, here: string): string {
  const offer = value === undefined ? '' : ` ${offerOf(expectedOf(value, choices))}`
  return `${here} -l ${long.replace(/^--/, '')}${offer} -d ${quote(description)}`
}
