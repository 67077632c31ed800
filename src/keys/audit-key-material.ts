import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'

// An audit key as it is kept: what follows (1) | the key in DER. Of one that is gone the public half stays, so that what it
// has signed can be verified for ever.
const PRIVATE = 1
const PUBLIC = 2

/** Writes a private key. The caller wipes it. */
export function encodeAuditKey(privateKey: KeyObject): Buffer {
  const der = privateKey.export({ type: 'pkcs8', format: 'der' })
  const material = Buffer.concat([Buffer.of(PRIVATE), der])
  der.fill(0)
  return material
}

/** The halves of an audit key. */
export interface AuditKeyPair {
  /** Undefined once the key is gone. */
  readonly privateKey: KeyObject | undefined
  readonly publicKey: KeyObject
}

/** Reads what {@link encodeAuditKey} or {@link publicHalf} wrote. */
export function decodeAuditKey(material: Buffer): AuditKeyPair {
  const key = material.subarray(1)
  if (material[0] === PUBLIC) {
    const publicKey = createPublicKey({ key, format: 'der', type: 'spki' })
    return { privateKey: undefined, publicKey }
  }
  if (material[0] !== PRIVATE) throw new TypeError('an audit key was stored by a newer version')
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  return { privateKey, publicKey: createPublicKey(privateKey) }
}

/** Returns what is kept of an audit key that is gone. */
export function publicHalf(material: Buffer): Buffer {
  const { publicKey } = decodeAuditKey(material)
  const der = publicKey.export({ type: 'spki', format: 'der' })
  return Buffer.concat([Buffer.of(PUBLIC), der])
}
