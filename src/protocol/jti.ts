// Layout of a transient token's jti: `1`, site letter, 256 random bits in base 36 (50 digits), exp in hex (8), CRC (4).

const RANDOM_DIGITS = 50
const LENGTH = 64
const LAYOUT = /^1([A-Z])([0-9A-Z]{50})([0-9A-F]{8})([0-9A-F]{4})$/

/**
 * Builds a jti.
 *
 * @param random - 32 random bytes: the whole secret of the token.
 * @param site - the site letter, such as `E`.
 * @param expiresAt - seconds since the epoch.
 */
export function createJti(random: Uint8Array, site: string, expiresAt: number): string {
  const digits = toBigInt(random).toString(36).toUpperCase().padStart(RANDOM_DIGITS, '0')
  const body = `1${site}${digits}${hex(expiresAt, 8)}`
  return body + hex(crc16(body), 4)
}

/** What a jti says of itself. */
export interface ParsedJti {
  readonly site: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
}

/** Parses a jti; undefined when its layout or checksum is wrong. The checksum finds typing errors and proves nothing. */
export function parseJti(jti: string): ParsedJti | undefined {
  if (jti.length !== LENGTH) return undefined
  const [, site, , expires, checksum] = LAYOUT.exec(jti) ?? []
  if (site === undefined || expires === undefined) return undefined
  if (hex(crc16(jti.slice(0, -4)), 4) !== checksum) return undefined
  return { site, expiresAt: Number.parseInt(expires, 16) }
}

/** Returns the eight hex digits of a jti that are its expiry, whether or not the rest of it is right. */
export function expiryDigits(jti: string): string {
  return jti.slice(-12, -4)
}

function toBigInt(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let value = 0n
  for (let at = 0; at < bytes.length; at += 8) value = (value << 64n) | view.getBigUint64(at)
  return value
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0')
}

/** CRC-16/ARC: polynomial 0x8005 reflected, start 0, no final exclusive or. */
function crc16(text: string): number {
  let crc = 0
  for (let index = 0; index < text.length; index += 1) {
    crc ^= text.charCodeAt(index)
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1
  }
  return crc
}
