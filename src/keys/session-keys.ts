import { createSecretKey, type KeyObject } from 'node:crypto'
import { epochSeconds, type Now } from '../clock-and-random.ts'
import { keyIdOf } from '../jose/seal.ts'
import type { CountLimits, Kind, StoredRecord, Write } from '../store/contract.ts'
import { isLost, openRecord, type Sealer } from '../store/sealed-records.ts'
import { openClaimedKey } from './claim-keys.ts'
import { splitRotatedKey } from './rotated-keys.ts'
import { readPrivateKey } from './session-key-material.ts'
import { isKidOf, isSessionKid, keyReferenceOf } from './session-kid.ts'

const CACHED_KEYS = 256

/** The private half of a session's key, and where the session's uses are counted. */
export interface SessionKey {
  readonly kid: string
  readonly privateKey: KeyObject
  /** Makes the writes that count one use; a limit that is reached makes the session spent. */
  countWrites(limits: CountLimits): readonly Write[]
}

/** What became of a kid: a key, a session that has used up its attempts, or nothing that was issued here. */
export type FoundKey = SessionKey | 'spent' | 'unknown'

interface FindNeeds {
  /** See {@link Store.get}. */
  get(kind: Kind, name: string): Promise<StoredRecord | undefined>
  readonly sealer: Sealer
  readonly poolSealer: Sealer
  readonly now: Now
}

/** Finds session keys by kid. */
export interface SessionKeys {
  /** Finds the key of a session, one-time or rotated. Uses no private key; a kid of any form may be given. */
  find(kid: string): Promise<FoundKey>
}

interface RotatedKey {
  readonly owner: string
  readonly expiresAt: number | undefined
  /** The sealing key of its record: once that is not known any more, this one may not be used either. */
  readonly sealedBy: string
  readonly macKey: KeyObject
  readonly privateKey: KeyObject
}

/** Makes the finder of one process; it keeps the imported private halves of rotated keys, which many sessions share. */
export function createSessionKeys(needs: FindNeeds, site: string): SessionKeys {
  const { get, sealer, poolSealer, now } = needs
  const rotated = new Map<string, RotatedKey>()

  async function find(kid: string): Promise<FoundKey> {
    if (!isSessionKid(kid)) return 'unknown'
    const known = rotated.get(keyReferenceOf(kid))
    if (known !== undefined && isOf(known, kid)) return findUse(kid, known)
    const record = await get('session-key', kid)
    return record === undefined ? findRotated(kid) : openOneTime(record)
  }

  function isOf(key: RotatedKey, kid: string): boolean {
    const { macKey } = key
    return isLive(key) && isKidOf({ site, reference: keyReferenceOf(kid), macKey }, kid)
  }

  // A key at hand is not read again: what became of its record must be told without.
  function isLive({ expiresAt, sealedBy }: RotatedKey): boolean {
    const hasExpired = expiresAt !== undefined && expiresAt <= epochSeconds(now)
    return !hasExpired && sealer.find(sealedBy) !== undefined
  }

  async function findUse(kid: string, key: RotatedKey): Promise<FoundKey> {
    const use = await get('session-use', kid)
    return use?.value.length === 0 ? 'spent' : rotatedSession(kid, key)
  }

  function openOneTime(record: StoredRecord): FoundKey {
    if (record.value.length === 0) return 'spent'
    if (isLost(record, poolSealer)) return 'unknown'
    const { content } = openClaimedKey(record, poolSealer)
    const privateKey = readPrivateKey(content)
    content.fill(0)
    const { name } = record
    return {
      kid: name,
      privateKey,
      countWrites: (limits) => [{ op: 'count', kind: 'session-key', name, limits }],
    }
  }

  async function findRotated(kid: string): Promise<FoundKey> {
    const reference = keyReferenceOf(kid)
    const record = await get('rotated-key', reference)
    if (record === undefined || isLost(record, sealer)) {
      rotated.delete(reference)
      return 'unknown'
    }
    const key = rotated.get(reference) ?? keep(reference, openRotated(record, sealer))
    return isOf(key, kid) ? findUse(kid, key) : 'unknown'
  }

  function keep(reference: string, key: RotatedKey): RotatedKey {
    const [oldest] = rotated.keys()
    if (rotated.size >= CACHED_KEYS && oldest !== undefined) rotated.delete(oldest)
    for (const [other, held] of rotated) if (!isLive(held)) rotated.delete(other)
    rotated.set(reference, key)
    return key
  }

  return { find }
}

function openRotated(record: StoredRecord, sealer: Sealer): RotatedKey {
  const opened = openRecord(record, { kind: 'rotated-key', name: record.name }, sealer)
  const { macBytes, material } = splitRotatedKey(opened.content)
  const key = { macKey: createSecretKey(macBytes), privateKey: readPrivateKey(material) }
  opened.content.fill(0)
  const { owner, expiresAt } = opened
  return { owner, expiresAt, sealedBy: keyIdOf(record.value) ?? '', ...key }
}

const USE_MARK = Buffer.from([1])

function rotatedSession(kid: string, { privateKey, expiresAt }: RotatedKey): SessionKey {
  const use = { kind: 'session-use', name: kid } as const
  return {
    kid,
    privateKey,
    countWrites: (limits) => [
      { op: 'ensure', ...use, expiresAt, value: USE_MARK },
      { op: 'count', ...use, limits },
    ],
  }
}
