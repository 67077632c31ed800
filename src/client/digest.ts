import { encodeBase64 } from './base64.ts'

/** Returns the base64 (standard, padded) of the SHA-256 of a body in UTF-8, as `fetch` sends a string. */
export async function digestOf(body: string): Promise<string> {
  const sha256 = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(body))
  return encodeBase64(new Uint8Array(sha256))
}
