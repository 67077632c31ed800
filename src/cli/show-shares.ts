import { OperatorError } from '../errors.ts'
import type { SplitRootKey } from '../keys/split-root-key.ts'
import type { Printer } from './print.ts'
import { describeReason } from './describe-reason.ts'

/**
 * Prints the shares of a root key, the only time that they are seen, and resolves once they have been passed on: a root key of
 * which nobody has them must wrap nothing.
 *
 * @param members - added to the JSON.
 * @throws OperatorError when standard output does not take them.
 */
export async function printShares(
  printer: Printer,
  split: SplitRootKey,
  members: object,
): Promise<void> {
  printer.result(describeShares(split), { ...showShares(split), ...members })
  try {
    await printer.passedOn()
  } catch (cause) {
    throw new OperatorError(
      `The shares cannot be written to standard output: ${describeReason(cause)}.`,
      'Nothing is wrapped by their root key: try again with an output that takes them.',
      cause,
    )
  }
}

/** The refusal of what was to be wrapped by a root key whose shares have been printed. */
export function sharesInVain(problem: string, cause: unknown): OperatorError {
  return new OperatorError(
    `${problem} (${describeReason(cause)}): the shares that were printed open nothing, unless the store took it after all.`,
    'See whether "coatcheck keys list --root-key-in shares" opens it with them; if not, destroy them and try again.',
    cause,
  )
}

/** Shows the shares of a root key to people. */
function describeShares({ set, shares }: SplitRootKey): string {
  return [
    `The root key ${set.check} is split: any ${set.threshold} of its ${set.shares} shares are needed. This is the only time that they are shown.`,
    ...shares.map((share) => share.reveal()),
    'Give each to somebody else, to be kept apart from the others and from the data: without them nothing opens.',
  ].join('\n')
}

/** Shows the shares of a root key to programs. */
function showShares({ set, shares }: SplitRootKey): object {
  const { check: rootKeyCheck, threshold } = set
  return { rootKeyCheck, threshold, shares: shares.map((share) => share.reveal()) }
}
