import { keyIdOf, type SealContent } from '../jose/seal.ts'
import { LIFETIME_SECONDS } from '../protocol/capture-context.ts'
import type { Claimed, StoredRecord } from '../store/contract.ts'
import { openWithin, type Sealer } from '../store/sealed-records.ts'
import { HOLD_SECONDS } from './mint-order.ts'
import { readModulus } from './session-key-material.ts'

/** A session key that this process, and nobody else, may issue. Its private half stays in the store. */
export interface ClaimedKey {
  readonly kid: string
  /** The modulus, base64url. */
  readonly n: string
  /** Seconds since the epoch; after that it must not be issued any more. */
  readonly issueUntil: number
  /** The sealing key of its record: once that is not known any more, the private half is lost. */
  readonly sealedBy: string
}

interface ClaimNeeds {
  /** See {@link Store.claim}. */
  claim(kind: 'pool-key', limit: number, as: Claimed): Promise<readonly StoredRecord[]>
  readonly poolSealer: Sealer
  /** Told of a pooled key that does not open, by its kid; the key is dropped. */
  onUnreadable(kid: string): void
}

/**
 * Claims up to `limit` pooled keys: turns them into session keys, durably, before any is returned. They stay sealed as
 * they were minted.
 */
export async function claimKeys(
  needs: ClaimNeeds,
  limit: number,
  seconds: number,
): Promise<readonly ClaimedKey[]> {
  const issueUntil = seconds + HOLD_SECONDS
  const as = { kind: 'session-key', expiresAt: issueUntil + LIFETIME_SECONDS } as const
  const claimed: ClaimedKey[] = []
  for (const record of await needs.claim('pool-key', limit, as)) {
    const n = readPooledModulus(needs, record)
    const sealedBy = keyIdOf(record.value)
    if (n === undefined || sealedBy === undefined) continue
    claimed.push({ kid: record.name, n, issueUntil, sealedBy })
  }
  return claimed
}

function readPooledModulus(needs: ClaimNeeds, record: StoredRecord): string | undefined {
  try {
    const { content } = openClaimedKey(record, needs.poolSealer)
    const n = readModulus(content)
    content.fill(0)
    return n
  } catch {
    needs.onUnreadable(record.name)
    return undefined
  }
}

/**
 * Opens the material of a claimed key. The caller wipes it.
 *
 * @throws SealError when it was changed, or is kept longer than it may be.
 */
export function openClaimedKey(record: StoredRecord, poolSealer: Sealer): SealContent {
  return openWithin(record, { kind: 'pool-key', name: record.name }, poolSealer)
}
