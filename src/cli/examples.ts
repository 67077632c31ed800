/** Writes examples as the help of a command shows them. */
export function examples(...lines: readonly string[]): string {
  const title = lines.length === 1 ? 'Example:' : 'Examples:'
  return ['', title, ...lines.map((line) => `  ${line}`)].join('\n')
}
