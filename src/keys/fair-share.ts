const WINDOW = 64

/** Knows who took the last keys. */
export interface FairShare {
  /** Notes that a merchant took a key. */
  note(merchantId: string): void
  /** Tells whether a merchant has had its share of the last keys; one more merchant than those seen is always expected. */
  isOver(merchantId: string): boolean
}

/** Makes the memory of the last {@link WINDOW} keys. */
export function createFairShare(): FairShare {
  const takers: string[] = []
  const counts = new Map<string, number>()

  function note(merchantId: string): void {
    takers.push(merchantId)
    counts.set(merchantId, (counts.get(merchantId) ?? 0) + 1)
    const forgotten = takers.length > WINDOW ? takers.shift() : undefined
    if (forgotten === undefined) return
    const left = (counts.get(forgotten) ?? 1) - 1
    if (left === 0) counts.delete(forgotten)
    else counts.set(forgotten, left)
  }

  return {
    note,
    isOver: (merchantId) => (counts.get(merchantId) ?? 0) >= WINDOW / (counts.size + 1),
  }
}
