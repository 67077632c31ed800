import { createCipheriv, createHash, createHmac, pbkdf2Sync, type KeyObject } from 'node:crypto'
import type { Random } from '../clock-and-random.ts'
import { der, derInteger, derObjectIdentifier } from './der.ts'

/** As `keytool` has it: the official Node client, which derives in JavaScript, takes a tenth of a second for it. */
const ITERATIONS = 10_000

const OID = {
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacWithSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const

/** Encrypts a private key as PKCS#8 with AES-256-CBC under PBKDF2 with HMAC-SHA-256 (PBES2, RFC 8018 §6.2). */
export function encryptKey(privateKey: KeyObject, password: string, random: Random): Buffer {
  const [salt, iv] = [random.bytes(16), random.bytes(16)]
  const key = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256')
  const plain = privateKey.export({ type: 'pkcs8', format: 'der' })
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final()])
  for (const secret of [key, plain]) secret.fill(0)
  const hash = algorithm(OID.hmacWithSha256, der('null'))
  const derivation = der('sequence', der('octetString', salt), derInteger(ITERATIONS), hash)
  const encryption = der(
    'sequence',
    algorithm(OID.pbkdf2, derivation),
    algorithm(OID.aes256Cbc, der('octetString', iv)),
  )
  return der('sequence', algorithm(OID.pbes2, encryption), der('octetString', encrypted))
}

/** Makes the MAC of a PKCS#12 file, HMAC-SHA-256, over the encoded AuthenticatedSafe (RFC 7292 §4). */
export function authenticate(safe: Buffer, password: string, random: Random): Buffer {
  const salt = random.bytes(16)
  const mac = createHmac('sha256', deriveMacKey(password, salt)).update(safe).digest()
  const digest = der('sequence', algorithm(OID.sha256, der('null')), der('octetString', mac))
  return der('sequence', digest, der('octetString', salt), derInteger(ITERATIONS))
}

const MAC_KEY = 3
const BLOCK_BYTES = 64

/** Derives the key of the MAC (RFC 7292 appendix B.2): one block, because it is as long as the hash. */
function deriveMacKey(password: string, salt: Buffer): Buffer {
  const text = Buffer.from(`${password}\0`, 'utf16le').swap16()
  let key = Buffer.concat([Buffer.alloc(BLOCK_BYTES, MAC_KEY), fillBlocks(salt), fillBlocks(text)])
  for (let round = 0; round < ITERATIONS; round += 1) {
    key = createHash('sha256').update(key).digest()
  }
  return key
}

function fillBlocks(bytes: Buffer): Buffer {
  return Buffer.alloc(Math.ceil(bytes.length / BLOCK_BYTES) * BLOCK_BYTES, bytes)
}

function algorithm(type: string, parameters: Buffer): Buffer {
  return der('sequence', derObjectIdentifier(type), parameters)
}
