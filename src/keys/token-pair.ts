import type { TokenKeyPair } from '../hsm/token-signing.ts'
import { isJsonObject, stringMember } from '../protocol/parse.ts'

// What the store keeps of a key pair in a token: version (1) | JSON. PKCS#8 begins with another byte.
const PAIR_VERSION = 2

/** Writes what the store keeps of a key pair in a token. */
export function encodePair({ id, publicKey }: TokenKeyPair, token: string): Buffer {
  const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  return Buffer.concat([Buffer.of(PAIR_VERSION), Buffer.from(JSON.stringify({ id, token, spki }))])
}

/** Returns the id in its token of a key whose material says so; undefined when the store has the key itself. */
export function pairIdOf(material: Buffer): string | undefined {
  return isPair(material) ? parsePair(material).id : undefined
}

/** Tells whether the material of a signing key is that of a pair in a token. */
export function isPair(material: Buffer): boolean {
  return material[0] === PAIR_VERSION
}

/** Reads what {@link encodePair} wrote. */
export function parsePair(material: Buffer): { readonly id: string; readonly spki: string } {
  const parsed: unknown = JSON.parse(material.toString('utf8', 1))
  if (!isJsonObject(parsed)) throw new TypeError('a key was stored by a newer version')
  return { id: stringMember(parsed, 'id') ?? '', spki: stringMember(parsed, 'spki') ?? '' }
}
