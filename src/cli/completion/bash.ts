import type { CommandEntry } from '../command-tree.ts'
import { expectedBehind, quote, valueFlags, type Expected } from './words.ts'

const ACTIONS: Readonly<Record<Exclude<Expected['kind'], 'words'>, string>> = {
  files: 'COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames 2>/dev/null',
  folders: 'COMPREPLY=($(compgen -d -- "$cur")); compopt -o filenames 2>/dev/null',
  anything: 'COMPREPLY=()',
}

function actionOf(expected: Expected): string {
  return expected.kind === 'words'
    ? `COMPREPLY=($(compgen -W ${quote(expected.words.join(' '))} -- "$cur"))`
    : ACTIONS[expected.kind]
}

/** Writes the completion for bash. */
export function completeInBash(commands: readonly CommandEntry[]): string {
  const paths = commands.slice(1).map(({ path }) => quote(path))
  const values = valueFlags(commands).map(
    ({ path, flag, expected }) =>
      `    ${quote(`${path} ${flag.long}`)}) ${actionOf(expected)}; return ;;`,
  )
  const flags = commands.map(
    (entry) =>
      `      ${quote(entry.path)}) COMPREPLY=($(compgen -W ${quote(entry.flags.map(({ long }) => long).join(' '))} -- "$cur")) ;;`,
  )
  const rest = commands.map(
    (entry) => `    ${quote(entry.path)}) ${actionOf(expectedBehind(entry))} ;;`,
  )
  return `# Completion of coatcheck for bash, as "coatcheck completion bash" prints it.
_coatcheck() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at=coatcheck i
  # bash takes --flag=value apart.
  if [[ $cur == = ]]; then cur=
  elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${paths.join(' | ')}) at="$at \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at $prev" in
${values.join('\n')}
  esac
  if [[ $cur == -* ]]; then
    case $at in
${flags.join('\n')}
    esac
    return
  fi
  case $at in
${rest.join('\n')}
  esac
}
complete -F _coatcheck coatcheck
`
}
