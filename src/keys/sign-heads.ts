import {
  formatSignedHead,
  signedHeadWrite,
  signHead,
  type ChainHead,
} from '../audit/signed-head.ts'
import { epochSeconds, type Now } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import type { Store } from '../store/contract.ts'
import type { Sealer } from '../store/sealed-records.ts'
import { findHeadSigner } from './audit-keys.ts'

const EVERY_MILLISECONDS = 60_000

interface HeadSigningNeeds {
  readonly store: Pick<Store, 'list' | 'write'>
  readonly sealer: Sealer
  readonly now: Now
  /** Told of every head that was signed, as `coatcheck audit verify --head` takes it. */
  onSigned(head: string): void
  /** Told when nothing could be signed; it is tried again. */
  onFault(error: unknown): void
}

/** Signs the heads of the chains that this process writes. */
export interface HeadSigning {
  /** Takes note of an entry that was written. */
  note(head: ChainHead): void
  /** Signs what is left, and ends. */
  close(): Promise<void>
}

/**
 * Begins to sign, every minute, the heads of chains that have grown. Who writes a chain signs it: anybody else would have
 * to believe what the store says of its end.
 */
export function startSigningHeads(needs: HeadSigningNeeds): HeadSigning {
  const unsigned = new Map<string, ChainHead>()
  let signing: Promise<void> = Promise.resolve()

  async function sign(): Promise<void> {
    const heads = [...unsigned.values()]
    if (heads.length === 0) return
    try {
      await signAll(needs, heads)
      for (const head of heads) {
        if (unsigned.get(head.chain) === head) unsigned.delete(head.chain)
      }
    } catch (error) {
      needs.onFault(error)
    }
  }

  function signNext(): Promise<void> {
    signing = signing.then(sign)
    return signing
  }

  const timer = setInterval(() => void signNext(), EVERY_MILLISECONDS).unref()
  return {
    note: (head) => void unsigned.set(head.chain, head),
    close() {
      clearInterval(timer)
      return signNext()
    },
  }
}

async function signAll(
  { store, sealer, now, onSigned }: HeadSigningNeeds,
  heads: readonly ChainHead[],
): Promise<void> {
  const signer = await findHeadSigner(store, sealer, now)
  if (signer === undefined) {
    throw new OperatorError(
      'The store has no audit key.',
      '"coatcheck serve" makes it; a program of your own, by the keeper of its keys.',
    )
  }
  const signed = heads.map((head) => signHead(head, epochSeconds(now), signer))
  await store.write(signed.map(signedHeadWrite))
  for (const head of signed) onSigned(formatSignedHead(head))
}
