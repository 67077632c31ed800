const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const LARGEST_FAIR_BYTE = 255 - (256 % ALPHABET.length)

/**
 * Draws text of `[0-9A-Za-z]`, every character equally likely.
 *
 * @param randomBytes - returns that many random bytes; may be called again when bytes had to be rejected.
 */
export function randomText(randomBytes: (count: number) => Uint8Array, length: number): string {
  let text = ''
  while (text.length < length) {
    for (const byte of randomBytes(length - text.length + 8)) {
      if (byte <= LARGEST_FAIR_BYTE && text.length < length)
        text += ALPHABET[byte % ALPHABET.length]
    }
  }
  return text
}
