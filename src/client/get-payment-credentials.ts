import type { CryptoKey } from 'jose'
import { compactDecrypt } from 'jose/jwe/compact/decrypt'
import { importPKCS8 } from 'jose/key/import'
import { objectMember, stringMember } from '../protocol/parse.ts'
import type { CallService } from './call-as-merchant.ts'
import { readFieldTree, type Card } from './field-tree.ts'
import { localError } from './flex-error.ts'
import { getPublicKey, type PublicJwk } from './get-public-key.ts'
import type { Transport } from './send.ts'
import { readKid, verifyJws } from './verify-jws.ts'

/** A card in clear. The security code is there once at most: in the first reply for its token. */
export interface PaymentCredentials {
  readonly paymentInformation?: { readonly card?: Card<string> }
}

/** What decrypts payment credentials. */
export interface PaymentCredentialsOptions extends Pick<Transport, 'signal'> {
  /**
   * The private key of the merchant's release certificate: PKCS#8 in PEM, or a CryptoKey for RSA-OAEP with SHA-256 that may
   * decrypt. It never leaves this process.
   */
  readonly privateKey: string | CryptoKey
}

/** How a reply is judged. */
interface Judging {
  readonly origin: string
  readonly transport: Omit<Transport, 'signal'>
  readonly now: Date
}

const JTI = /^[0-9A-Za-z]{1,128}$/
const COMPACT_JWE = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){4}$/
const REASONS = { invalid: 'CREDENTIALS_INVALID', expired: 'CREDENTIALS_INVALID' } as const

/**
 * Reads the card behind a transient token's `jti`: decrypts the reply, then verifies who signed it and that it is of this
 * token.
 */
export async function getPaymentCredentials(
  call: CallService,
  reference: string,
  { privateKey, signal, ...judging }: PaymentCredentialsOptions & Judging,
): Promise<PaymentCredentials> {
  if (!JTI.test(reference)) throw localError('TRANSIENT_TOKEN_INVALID', 'it must be a jti.')
  // Before anything is asked for: a security code goes out only once.
  const key = await importKey(privateKey)
  const path = `/flex/v2/payment-credentials/${reference}`
  const jwe = await call({ method: 'GET', path, accept: 'application/jwt' }, parseJwe)
  const jwt = await decrypt(jwe, key)
  const { origin, transport, now: currentDate } = judging
  const kid = readKid(jwt, REASONS)
  const publicKey: PublicJwk = await getPublicKey(kid, {
    ...transport,
    ...(signal === undefined ? {} : { signal }),
    origin,
  })
  const claims = await verifyJws(jwt, publicKey, { ...REASONS, currentDate })
  if (stringMember(claims, 'jti') !== reference) {
    throw localError('CREDENTIALS_INVALID', 'they are of another token.')
  }
  const content = objectMember(claims, 'content') ?? {}
  return readFieldTree(content, (branch, name) => stringMember(branch, name))
}

async function importKey(privateKey: unknown): Promise<CryptoKey> {
  if (privateKey instanceof CryptoKey && mayDecrypt(privateKey)) return privateKey
  try {
    if (typeof privateKey === 'string') return await importPKCS8(privateKey, 'RSA-OAEP-256')
  } catch {
    // What was thrown could quote the key.
  }
  throw localError(
    'OPTIONS_INVALID',
    'privateKey must be PKCS#8 in PEM, or a CryptoKey for RSA-OAEP with SHA-256 that may decrypt.',
  )
}

function mayDecrypt({ algorithm, usages }: CryptoKey): boolean {
  const hash = objectMember({ ...algorithm }, 'hash') ?? {}
  const isOaep256 = algorithm.name === 'RSA-OAEP' && stringMember(hash, 'name') === 'SHA-256'
  return isOaep256 && usages.includes('decrypt')
}

function parseJwe(text: string): string | undefined {
  const jwe = text.trim()
  return COMPACT_JWE.test(jwe) ? jwe : undefined
}

async function decrypt(jwe: string, key: CryptoKey): Promise<string> {
  try {
    const { plaintext } = await compactDecrypt(jwe, key, {
      keyManagementAlgorithms: ['RSA-OAEP-256'],
      contentEncryptionAlgorithms: ['A256GCM'],
    })
    return new TextDecoder().decode(plaintext)
  } catch {
    throw localError('DECRYPTION_FAILED', 'the key is not that of the release certificate.')
  }
}
