const DIGEST = /^(?:SHA-256=)?([A-Za-z0-9+/]{43}=)$/i

/** Writes the value of a `digest` header from the base64 (standard, padded) of the SHA-256 of the raw body bytes. */
export function formatDigest(sha256Base64: string): string {
  return `SHA-256=${sha256Base64}`
}

/**
 * Returns the base64 of a SHA-256 from a `digest` header or a JWT's `digest` claim, whose prefix `SHA-256=` may be in
 * any case or absent. Undefined for another algorithm, a list, or anything but the padded base64 of 32 bytes.
 * The caller compares it with the digest of the raw body bytes.
 */
export function parseDigest(value: string): string | undefined {
  return DIGEST.exec(value)?.[1]
}
