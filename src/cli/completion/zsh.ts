import type { CommandEntry } from '../command-tree.ts'
import { expectedBehind, quote, shortName, valueFlags, type Expected } from './words.ts'

const ACTIONS: Readonly<Record<Exclude<Expected['kind'], 'words'>, string>> = {
  files: '_files',
  folders: '_files -/',
  anything: "_message 'value'",
}

function actionOf(expected: Expected): string {
  return expected.kind === 'words'
    ? `compadd -- ${expected.words.map(quote).join(' ')}`
    : ACTIONS[expected.kind]
}

/** A word and what it means, as `_describe` takes them. */
function described(word: string, description: string): string {
  return quote(`${word}:${description}`)
}

/** Writes the completion for zsh; it may be sourced, or lie in a folder of `fpath` as `_coatcheck`. */
export function completeInZsh(commands: readonly CommandEntry[]): string {
  const paths = commands.slice(1).map(({ path }) => quote(path))
  const values = valueFlags(commands).map(
    ({ path, flag, expected }) =>
      `    ${quote(`${path} ${flag.long}`)}) ${actionOf(expected)}; return ;;`,
  )
  const flags = commands.map(
    (entry) =>
      `      ${quote(entry.path)}) choices=(${entry.flags.map(({ long, description }) => described(long, description)).join(' ')}) ;;`,
  )
  const rest = commands.map((entry) => `    ${quote(entry.path)}) ${behind(entry)} ;;`)
  return `#compdef coatcheck
# Completion of coatcheck for zsh, as "coatcheck completion zsh" prints it.
_coatcheck() {
  local cur=$words[CURRENT] prev=$words[CURRENT-1] at=coatcheck word
  local -a choices
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at $word" in
      ${paths.join(' | ')}) at="$at $word" ;;
    esac
  done
  if [[ $cur == --*=* ]]; then
    prev=\${cur%%=*}
    compset -P '*='
    cur=\${cur#*=}
  fi
  case "$at $prev" in
${values.join('\n')}
  esac
  if [[ $cur == -* ]]; then
    case $at in
${flags.join('\n')}
    esac
    _describe -o flag choices
    return
  fi
  case $at in
${rest.join('\n')}
  esac
}
if [[ \${funcstack[1]} == _coatcheck ]]; then _coatcheck "$@"; else compdef _coatcheck coatcheck; fi
`
}

function behind(entry: CommandEntry): string {
  const { commands } = entry
  if (commands.length === 0) return actionOf(expectedBehind(entry))
  const names = commands.map((child) => described(shortName(child), child.description))
  return `choices=(${names.join(' ')}); _describe command choices`
}
