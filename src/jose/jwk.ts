import { createPublicKey, type KeyObject } from 'node:crypto'

/** The public numbers of an RSA key, base64url. */
export interface RsaPublicNumbers {
  readonly n: string
  readonly e: string
}

/** Returns the public numbers of an RSA key, private or public. Throws TypeError on any other key. */
export function publicNumbers(key: KeyObject): RsaPublicNumbers {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  const { n, e } = publicKey.export({ format: 'jwk' })
  if (n === undefined || e === undefined) throw new TypeError('not an RSA key')
  return { n, e }
}

const LEAST_MODULUS_BITS = 2048

/**
 * Makes a public key of its numbers.
 *
 * Throws TypeError when they are not written canonically, or are no RSA key of 2048 bits or more: the platform itself
 * takes an empty modulus.
 */
export function publicKeyOf({ n, e }: RsaPublicNumbers): KeyObject {
  const key = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' })
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  const numbers = publicNumbers(key)
  const isCanonical = numbers.n === n && numbers.e === e
  if (!isCanonical || modulusLength < LEAST_MODULUS_BITS || publicExponent < 3n) {
    throw new TypeError('not an RSA key of 2048 bits or more')
  }
  return key
}
