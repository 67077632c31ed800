import { LIFETIME_SECONDS } from '../protocol/capture-context.ts'
import type { StoredRecord, Write } from '../store/contract.ts'
import { openRecord, sealedWrite, type Sealer } from '../store/sealed-records.ts'
import { readModulus } from './session-key-material.ts'

/** How long a claimed key may be held before a session uses it, in seconds. */
const HOLD_SECONDS = 3600

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
  /** See {@link Store.take}. */
  take(kind: 'pool-key', limit: number): Promise<readonly StoredRecord[]>
  /** See {@link Store.write}. */
  write(batch: readonly Write[]): Promise<boolean>
  readonly sealer: Sealer
  readonly poolSealer: Sealer
  /** Told of a pooled key that does not open, by its kid; the key is dropped. */
  onUnreadable(kid: string): void
}

/**
 * Claims up to `limit` pooled keys: takes them out of the pool for good, then stores them as session keys, both durably,
 * before any is returned. A crash in between loses keys that nobody has seen.
 */
export async function claimKeys(
  needs: ClaimNeeds,
  limit: number,
  seconds: number,
): Promise<readonly ClaimedKey[]> {
  const issueUntil = seconds + HOLD_SECONDS
  const sealedBy = needs.sealer.active.id
  const claimed: ClaimedKey[] = []
  const writes: Write[] = []
  for (const record of await needs.take('pool-key', limit)) {
    const material = openPooled(needs, record)
    if (material === undefined) continue
    claimed.push({ kid: record.name, n: readModulus(material), issueUntil, sealedBy })
    writes.push(sessionKeyWrite(needs.sealer, { kid: record.name, material, issueUntil }))
    material.fill(0)
  }
  // A kid that is there already was issued before: none of the batch may be issued then.
  return (await needs.write(writes)) ? claimed : []
}

function openPooled(needs: ClaimNeeds, record: StoredRecord): Buffer | undefined {
  try {
    const place = { kind: 'pool-key', name: record.name }
    return openRecord(record, place, needs.poolSealer).content
  } catch {
    needs.onUnreadable(record.name)
    return undefined
  }
}

function sessionKeyWrite(
  sealer: Sealer,
  key: { readonly kid: string; readonly material: Buffer; readonly issueUntil: number },
): Write {
  const expiresAt = key.issueUntil + LIFETIME_SECONDS
  const record = { kind: 'session-key', name: key.kid, owner: '', expiresAt } as const
  return sealedWrite('put-new', { ...record, content: key.material }, sealer)
}
