import { createPrivateKey, type KeyObject } from 'node:crypto'
import { withoutStackTraces } from '../jose/without-stack-traces.ts'

// A session key's sealed content is its PKCS#8. In that of any RSA-2048 key the modulus stands in the same place, so that
// opening a session, which needs nothing else, imports no key.

const MODULUS_BYTES = 256
const MODULUS_START = 38
// Before PKCS#8 alone, content began with the modulus once more, whose first bit is set.
const SEQUENCE = 0x30

/** Encodes a freshly minted RSA-2048 key pair with exponent 65537. The caller wipes it. */
export function encodeSessionKey(privateKey: KeyObject): Buffer {
  return privateKey.export({ type: 'pkcs8', format: 'der' })
}

/** Reads the modulus, base64url. */
export function readModulus(material: Buffer): string {
  const key = pkcs8Of(material)
  return key.toString('base64url', MODULUS_START, MODULUS_START + MODULUS_BYTES)
}

/** Imports the private key. */
export function readPrivateKey(material: Buffer): KeyObject {
  const key = pkcs8Of(material)
  return withoutStackTraces(() => createPrivateKey({ key, format: 'der', type: 'pkcs8' }))
}

function pkcs8Of(material: Buffer): Buffer {
  return material[0] === SEQUENCE ? material : material.subarray(MODULUS_BYTES)
}
