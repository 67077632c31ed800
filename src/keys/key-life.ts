/** The times of a key, in seconds since the epoch. Its state follows from them: see {@link stateOf}. */
export interface KeyLife {
  /** When it was made, and so known to every process soon after. */
  readonly createdAt: number
  /** When it begins to sign or seal. */
  readonly activeFrom: number
  /** When its successor takes over; undefined means that none is planned. */
  readonly retiredAt: number | undefined
  /** When it is neither published nor used any more; undefined means that this is not planned. */
  readonly goneAt: number | undefined
  /** When the operator revoked it. */
  readonly revokedAt: number | undefined
  /** When the lasting records that it had sealed were sealed anew; of sealing keys only. */
  readonly resealedAt: number | undefined
}

/** What a key does: known but not used, used for new work, used for old work only, or nothing for ever. */
export type KeyState = 'staged' | 'active' | 'retired' | 'gone'

/** A key and its times. */
export interface DatedKey {
  readonly id: string
  readonly life: KeyLife
}

/** The life of a key that has always been active: of one whose making nobody dated. */
export const SINCE_EVER: KeyLife = {
  createdAt: 0,
  activeFrom: 0,
  retiredAt: undefined,
  goneAt: undefined,
  revokedAt: undefined,
  resealedAt: undefined,
}

/** The life of a key that is active from the moment it is made: the first of its store. */
export function beginLife(now: Date): KeyLife {
  const createdAt = secondsOf(now)
  return { ...SINCE_EVER, createdAt, activeFrom: createdAt }
}

/** Tells what a key does now. */
export function stateOf(life: KeyLife, now: Date): KeyState {
  const seconds = secondsOf(now)
  if (life.goneAt !== undefined && life.goneAt <= seconds) return 'gone'
  if (life.retiredAt !== undefined && life.retiredAt <= seconds) return 'retired'
  return life.activeFrom <= seconds ? 'active' : 'staged'
}

/** Finds the key that signs or seals now; of several that are active, the youngest. Undefined when there is none. */
export function activeOf<Key extends { readonly life: KeyLife }>(
  keys: readonly Key[],
  now: Date,
): Key | undefined {
  let active: Key | undefined
  for (const key of keys) {
    if (stateOf(key.life, now) !== 'active') continue
    if (active === undefined || key.life.activeFrom >= active.life.activeFrom) active = key
  }
  return active
}

/** The whole seconds since the epoch. */
export function secondsOf(now: Date): number {
  return Math.floor(now.getTime() / 1000)
}

// Layout of a key's sealed content: version (1) | the times (8 each, 0 where there is none) | the key itself. A key that
// was erased has nothing behind the times: what is left is its tombstone.

const VERSION = 1
const TIMES = [
  'createdAt',
  'activeFrom',
  'retiredAt',
  'goneAt',
  'revokedAt',
  'resealedAt',
] as const satisfies readonly (keyof KeyLife)[]
const HEADER_BYTES = 1 + 8 * TIMES.length

// The first byte of PKCS#8, and the length of a bare sealing key: what was stored before keys had times.
const UNDATED_PKCS8 = 0x30
const UNDATED_KEY_BYTES = 32

/** Writes a key and its times as the content of a sealed record. The caller wipes both. */
export function encodeKey(life: KeyLife, material: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt8(VERSION, 0)
  for (const [index, time] of TIMES.entries()) {
    header.writeBigUInt64BE(BigInt(life[time] ?? 0), 1 + 8 * index)
  }
  return Buffer.concat([header, material])
}

/** Reads what {@link encodeKey} wrote; the material is a view of the content, and empty once the key is erased. */
export function decodeKey(content: Buffer): { readonly life: KeyLife; readonly material: Buffer } {
  if (content.length === UNDATED_KEY_BYTES || content[0] === UNDATED_PKCS8) {
    return { life: SINCE_EVER, material: content }
  }
  if (content[0] !== VERSION || content.length < HEADER_BYTES) {
    throw new TypeError('a key was stored by a newer version')
  }
  const [createdAt = 0, activeFrom = 0, ...others] = TIMES.map((_time, index) =>
    Number(content.readBigUInt64BE(1 + 8 * index)),
  )
  const [retiredAt, goneAt, revokedAt, resealedAt] = others.map((time) =>
    time === 0 ? undefined : time,
  )
  const life = { createdAt, activeFrom, retiredAt, goneAt, revokedAt, resealedAt }
  return { life, material: content.subarray(HEADER_BYTES) }
}
