/**
 * Returns the candidate that was probably meant; undefined when none is near. Letter case and the marks between words do
 * not count; of the rest up to a third may be wrong.
 */
export function nearest(text: string, candidates: readonly string[]): string | undefined {
  const wanted = plain(text)
  const [best] = candidates
    .map((candidate) => ({ candidate, distance: distanceOf(wanted, plain(candidate)) }))
    .filter(({ candidate, distance }) => distance <= Math.max(plain(candidate).length, 3) / 3)
    .toSorted((a, b) => a.distance - b.distance)
  return best?.candidate
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[-_. ]/g, '')
}

/** Counts the letters to insert, delete, replace or swap with their neighbour (optimal string alignment). */
function distanceOf(from: string, to: string): number {
  let [before, above] = [Array<number>(), Array.from({ length: to.length + 1 }, (_, at) => at)]
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    for (let at = 1; at <= to.length; at += 1) {
      const isSame = from[row - 1] === to[at - 1]
      const isSwapped = from[row - 1] === to[at - 2] && from[row - 2] === to[at - 1]
      current[at] = Math.min(
        (above[at] ?? 0) + 1,
        (current[at - 1] ?? 0) + 1,
        (above[at - 1] ?? 0) + (isSame ? 0 : 1),
        isSwapped && row > 1 && at > 1 ? (before[at - 2] ?? 0) + 1 : Infinity,
      )
    }
    ;[before, above] = [above, current]
  }
  return above[to.length] ?? 0
}
