import { systemClock, systemRandom } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import type { SealingKey } from '../jose/seal.ts'
import { createShareCollector, type ShareCollector, type Taken } from '../keys/collect-shares.ts'
import type { ShareSet } from '../keys/root-key-share.ts'
import { loadSealer } from '../keys/sealing-keys.ts'
import { readShareSet } from '../keys/split-root-key.ts'
import type { Store } from '../store/contract.ts'
import { wantsJson } from './print.ts'
import { openSecretLines } from './secret-lines.ts'

/** How the root key of a store is split, and what collects its shares. */
interface Collecting {
  readonly set: ShareSet
  readonly collector: ShareCollector
}

/** Begins to collect the shares of a store's root key. Throws OperatorError when it is not split. */
export async function collectShares(store: Pick<Store, 'get' | 'list'>): Promise<Collecting> {
  const readSet = async (): Promise<ShareSet> => (await readShareSet(store)) ?? throwNotSplit()
  const opensStore = (root: SealingKey): Promise<boolean> => opens(store, root)
  const set = await readSet()
  return { set, collector: createShareCollector(set, { readSet, opensStore }) }
}

function throwNotSplit(): never {
  throw new OperatorError(
    'The root key of this store is not split in shares.',
    'Say where it is with --root-key-in, or split it with "coatcheck keys rewrap --to shares".',
  )
}

async function opens(store: Pick<Store, 'list'>, root: SealingKey): Promise<boolean> {
  try {
    await loadSealer(store, root, { ...systemRandom, now: systemClock })
    return true
  } catch (error) {
    if (error instanceof OperatorError) return false
    throw error
  }
}

/**
 * Reads shares from standard input, a line each, until they join to the root key of a store. What is wrong with one is
 * said, and the next is read; to a program it is said only if there are not enough.
 *
 * @throws OperatorError when the root key is not split, or the input ends before there are enough.
 */
export async function askForShares(store: Pick<Store, 'get' | 'list'>): Promise<SealingKey> {
  const { set, collector } = await collectShares(store)
  const { shares, threshold } = set
  const lines = openSecretLines(
    `The root key is split: paste ${threshold} of its ${shares} shares, each with Enter. They are not shown.`,
  )
  const unsaid: string[] = []
  const say = wantsJson() && !process.stdin.isTTY ? (text: string) => unsaid.push(text) : printLine
  try {
    for await (const line of lines) {
      const root = line.trim() === '' ? undefined : await takeAloud(collector, line, say)
      if (root !== undefined) return root
    }
  } finally {
    lines.close()
  }
  throw new OperatorError(
    [...unsaid, `The root key is split, and ${describeMissing(collector.missing())}.`].join(' '),
    `Give ${threshold} of its ${shares} shares by standard input, a line each.`,
  )
}

async function takeAloud(
  collector: ShareCollector,
  line: string,
  say: (text: string) => void,
): Promise<SealingKey | undefined> {
  try {
    const taken = await collector.take(line)
    if (process.stdin.isTTY) say(describeTaken(taken))
    return taken.root
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    say(`${error.problem} ${error.fix}`)
    return undefined
  }
}

function printLine(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Says in a sentence that a share was taken, and what is missing. */
export function describeTaken({ number, shares, missing }: Taken): string {
  const rest = missing === 0 ? 'none is needed any more' : describeMissing(missing)
  return `Share ${number} of ${shares} is taken; ${rest}.`
}

function describeMissing(missing: number): string {
  return missing === 1 ? '1 more share is needed' : `${missing} more shares are needed`
}
