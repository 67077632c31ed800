import type { CommandEntry, FlagEntry } from '../command-tree.ts'

/** What may stand where a value is expected. */
export type Expected =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'files' | 'folders' | 'anything' }

/** A flag with a value, below its command. */
export interface ValueFlag {
  readonly path: string
  readonly flag: FlagEntry
  readonly expected: Expected
}

/** Lists every flag that takes a value. */
export function valueFlags(commands: readonly CommandEntry[]): readonly ValueFlag[] {
  return commands.flatMap(({ path, flags }) =>
    flags
      .filter(({ value }) => value !== undefined)
      .map((flag) => ({ path, flag, expected: expectedOf(flag.value ?? '', flag.choices) })),
  )
}

/** Tells what a value of that name is completed with. */
export function expectedOf(name: string, choices: readonly string[]): Expected {
  if (choices.length > 0) return { kind: 'words', words: choices }
  if (name === 'folder') return { kind: 'folders' }
  return { kind: FILE_NAMES.has(name) ? 'files' : 'anything' }
}

/** A JWT is given by its file more often than typed. */
const FILE_NAMES: ReadonlySet<string> = new Set(['file', 'jwt', 'token'])

/** What can stand behind a command that is no flag: its subcommands, or the first argument. */
export function expectedBehind({ commands, arguments: [argument] }: CommandEntry): Expected {
  if (commands.length > 0) return { kind: 'words', words: commands.map(shortName) }
  if (argument === undefined) return { kind: 'words', words: [] }
  return expectedOf(argument.name, argument.choices)
}

/** The last word of a command's path. */
export function shortName({ path }: CommandEntry): string {
  return path.slice(path.lastIndexOf(' ') + 1)
}

/** Quotes text for bash, zsh and fish alike, none of which expands anything in it. */
export function quote(text: string): string {
  return `'${text.replaceAll('\\', '').replaceAll("'", '’')}'`
}
