import { createPublicKey, type KeyObject } from 'node:crypto'
import type { Handle } from 'pkcs11js'
import { OperatorError, ServiceError } from '../errors.ts'
import type { Token, TokenCall } from './token.ts'
import { mechanismList } from './token-root-key.ts'

const MODULUS_BITS = 2048
const SIGNATURE_BYTES = MODULUS_BITS / 8
const EXPONENT = Buffer.from([1, 0, 1])
const RETRY_SECONDS = 1

/** The half of a key pair that may leave its token, and the id of the pair there. */
export interface TokenKeyPair {
  readonly id: string
  readonly publicKey: KeyObject
}

/** What holds signing keys, and signs with them, in a token. */
export interface SigningToken {
  readonly label: string
  /** Whether new signing keys are made here. */
  readonly isForNewKeys: boolean
  /** Makes a key pair that can only sign by RS256, and of which the private half never leaves the token. */
  createPair(label: string, id: string): TokenKeyPair
  /** Signs by RS256; rejects with ServiceError `HSM_UNAVAILABLE` when the token does not. */
  sign(id: string, input: Buffer): Promise<Buffer>
  /** Deletes a key pair; nothing happens when it is not there. */
  destroyPair(id: string): void
}

/** Makes signing by the keys of a token. */
export function createSigningToken(token: Token, isForNewKeys: boolean): SigningToken {
  return {
    label: token.label,
    isForNewKeys,
    createPair: (label, id) => token.call((call) => createPair(call, label, id)),
    async sign(id, input) {
      try {
        return await token.callInBackground((call) => sign(call, id, input))
      } catch (cause) {
        throw new ServiceError('HSM_UNAVAILABLE', { cause, retryAfterSeconds: RETRY_SECONDS })
      }
    },
    destroyPair: (id) =>
      token.call((call) => {
        for (const key of findPair(call, id)) call.pkcs11.C_DestroyObject(call.session, key)
      }),
  }
}

/** Tells whether a token has any private key. Throws OperatorError when it does not answer. */
export function hasPrivateKey(token: Token): boolean {
  return token.call(({ pkcs11, constants, session }) => {
    const template = [{ type: constants.CKA_CLASS, value: constants.CKO_PRIVATE_KEY }]
    pkcs11.C_FindObjectsInit(session, template)
    const found = pkcs11.C_FindObjects(session, 1)
    pkcs11.C_FindObjectsFinal(session)
    return found.length > 0
  })
}

function createPair(
  { pkcs11, constants, session }: TokenCall,
  label: string,
  id: string,
): TokenKeyPair {
  const common = [
    { type: constants.CKA_TOKEN, value: true },
    { type: constants.CKA_ID, value: Buffer.from(id) },
    { type: constants.CKA_LABEL, value: label },
  ]
  const mechanism = mechanismList(constants.CKM_SHA256_RSA_PKCS)
  const pair = pkcs11.C_GenerateKeyPair(
    session,
    { mechanism: constants.CKM_RSA_PKCS_KEY_PAIR_GEN },
    [
      ...common,
      { type: constants.CKA_MODULUS_BITS, value: MODULUS_BITS },
      { type: constants.CKA_PUBLIC_EXPONENT, value: EXPONENT },
      { type: constants.CKA_VERIFY, value: true },
      { type: constants.CKA_ENCRYPT, value: false },
      { type: constants.CKA_WRAP, value: false },
    ],
    [
      ...common,
      { type: constants.CKA_PRIVATE, value: true },
      { type: constants.CKA_SENSITIVE, value: true },
      { type: constants.CKA_EXTRACTABLE, value: false },
      { type: constants.CKA_SIGN, value: true },
      { type: constants.CKA_DECRYPT, value: false },
      { type: constants.CKA_UNWRAP, value: false },
      { type: constants.CKA_DERIVE, value: false },
      { type: constants.CKA_ALLOWED_MECHANISMS, value: mechanism },
    ],
  )
  const [modulus] = pkcs11.C_GetAttributeValue(session, pair.publicKey, [
    { type: constants.CKA_MODULUS },
  ])
  const n = Buffer.isBuffer(modulus?.value) ? modulus.value.toString('base64url') : ''
  const jwk = { kty: 'RSA', n, e: EXPONENT.toString('base64url') }
  return { id, publicKey: createPublicKey({ key: jwk, format: 'jwk' }) }
}

async function sign(call: TokenCall, id: string, input: Buffer): Promise<Buffer> {
  const { pkcs11, constants, session } = call
  const [key] = findPair(call, id, constants.CKO_PRIVATE_KEY)
  if (key === undefined) {
    throw new OperatorError(
      'A signing key is not in the token any more.',
      'Restore the token from its backup, or rotate the signing key.',
    )
  }
  pkcs11.C_SignInit(session, { mechanism: constants.CKM_SHA256_RSA_PKCS }, key)
  return Buffer.from(await pkcs11.C_SignAsync(session, input, Buffer.alloc(SIGNATURE_BYTES)))
}

function findPair(call: TokenCall, id: string, kind?: number): readonly Handle[] {
  const { pkcs11, constants, session } = call
  const ofKind = kind === undefined ? [] : [{ type: constants.CKA_CLASS, value: kind }]
  pkcs11.C_FindObjectsInit(session, [{ type: constants.CKA_ID, value: Buffer.from(id) }, ...ofKind])
  const found = pkcs11.C_FindObjects(session, 2)
  pkcs11.C_FindObjectsFinal(session)
  return found
}
