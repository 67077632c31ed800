import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { publicNumbers } from '../jose/jwk.ts'
import { withoutStackTraces } from '../jose/without-stack-traces.ts'

// Layout of a session key's sealed content: modulus (256) | PKCS#8. The modulus is apart so that opening a session,
// which needs nothing else, imports no key.

const MODULUS_BYTES = 256

/** Encodes a freshly minted RSA-2048 key pair with exponent 65537. The caller wipes it. */
export function encodeSessionKey(privateKey: KeyObject): Buffer {
  const { n } = publicNumbers(createPublicKey(privateKey))
  const modulus = Buffer.from(n, 'base64url')
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' })
  const material = Buffer.concat([modulus, pkcs8])
  pkcs8.fill(0)
  return material
}

/** Reads the modulus, base64url. */
export function readModulus(material: Buffer): string {
  return material.toString('base64url', 0, MODULUS_BYTES)
}

/** Imports the private key. */
export function readPrivateKey(material: Buffer): KeyObject {
  const key = material.subarray(MODULUS_BYTES)
  return withoutStackTraces(() => createPrivateKey({ key, format: 'der', type: 'pkcs8' }))
}
