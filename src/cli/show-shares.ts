import type { SplitRootKey } from '../keys/split-root-key.ts'

/** Shows the shares of a root key to people: the only time that they are seen. */
export function describeShares({ set, shares }: SplitRootKey): string {
  return [
    `The root key ${set.check} is split: any ${set.threshold} of its ${set.shares} shares are needed. This is the only time that they are shown.`,
    ...shares.map((share) => share.reveal()),
    'Give each to somebody else, to be kept apart from the others and from the data: without them nothing opens.',
  ].join('\n')
}

/** Shows the shares of a root key to programs, as {@link describeShares} does. */
export function showShares({ set, shares }: SplitRootKey): object {
  const { check: rootKeyCheck, threshold } = set
  return { rootKeyCheck, threshold, shares: shares.map((share) => share.reveal()) }
}
