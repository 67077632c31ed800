/** Where two strings part: characters and lines are counted as people count them, the index from 0. */
export interface Parting {
  readonly index: number
  readonly line: number
  readonly column: number
}

/** Finds the first character in which two strings differ; undefined when they are the same. */
export function firstDifference(left: string, right: string): Parting | undefined {
  if (left === right) return undefined
  let index = 0
  while (index < left.length && left[index] === right[index]) index += 1
  // Half of a character outside the basic plane cannot be shown.
  if (isLowSurrogate(left.charCodeAt(index)) || isLowSurrogate(right.charCodeAt(index))) index -= 1
  const before = left.slice(0, index)
  const lineStart = before.lastIndexOf('\n') + 1
  return { index, line: before.split('\n').length, column: index - lineStart + 1 }
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}
