import type { AesGCM, Handle, Mechanism, Template } from 'pkcs11js'
import { OperatorError } from '../errors.ts'
import { associatedData, SealError, type Place } from '../jose/seal.ts'
import { codeOf } from './refusals.ts'
import type { Token, TokenCall } from './token.ts'

// Layout of a key that was wrapped in a token: version (1) | root key's id (4) | nonce (12) | ciphertext | tag (16).
// Version 1 is a sealed value. What is in front of the nonce is associated data, together with kind and name.

const VERSION = 2
const KEY_ID = 'root'
const HEADER_BYTES = 5
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** A root key that never leaves its token: what it wraps is sent there. */
export interface TokenRootKey {
  readonly id: string
  /** Its label in the token. */
  readonly label: string
  /** Wraps the content of a record; its place is authenticated. Throws OperatorError when the token does not answer. */
  wrap(content: Buffer, place: Place, randomBytes: (count: number) => Buffer): Buffer
  /**
   * Unwraps it again.
   *
   * @throws SealError when it was wrapped by another key or for another place, OperatorError when the token does not answer.
   */
  unwrap(wrapped: Buffer, place: Place): Buffer
}

/** Finds the root key of a label in a token. Throws OperatorError when it is not there, or is not kept as a root key must be. */
export function findTokenRootKey(token: Token, label: string): TokenRootKey {
  if (token.call((call) => findKey(call, label)) !== undefined)
    return createTokenRootKey(token, label)
  throw new OperatorError(
    `The token ${token.label} has no root key ${label}.`,
    'Run "coatcheck keys init", or name the right one with --pkcs11-key-label.',
  )
}

/** Tells whether a token has a root key of this label. */
export function hasTokenRootKey(token: Token, label: string): boolean {
  return token.call((call) => findKey(call, label)) !== undefined
}

/** Makes a root key in a token: it can only encrypt and decrypt by AES-GCM there, and can never be read. */
export function createTokenKey(token: Token, label: string): TokenRootKey {
  token.call(({ pkcs11, constants, session }) => {
    const template = rootTemplate(constants, label)
    pkcs11.C_GenerateKey(session, { mechanism: constants.CKM_AES_KEY_GEN }, template)
  })
  return createTokenRootKey(token, label)
}

function rootTemplate(constants: TokenCall['constants'], label: string): Template {
  return [
    { type: constants.CKA_CLASS, value: constants.CKO_SECRET_KEY },
    { type: constants.CKA_KEY_TYPE, value: constants.CKK_AES },
    { type: constants.CKA_VALUE_LEN, value: 32 },
    { type: constants.CKA_LABEL, value: label },
    { type: constants.CKA_TOKEN, value: true },
    { type: constants.CKA_PRIVATE, value: true },
    { type: constants.CKA_SENSITIVE, value: true },
    { type: constants.CKA_EXTRACTABLE, value: false },
    { type: constants.CKA_ENCRYPT, value: true },
    { type: constants.CKA_DECRYPT, value: true },
    { type: constants.CKA_WRAP, value: false },
    { type: constants.CKA_UNWRAP, value: false },
    { type: constants.CKA_SIGN, value: false },
    { type: constants.CKA_VERIFY, value: false },
    { type: constants.CKA_DERIVE, value: false },
    { type: constants.CKA_ALLOWED_MECHANISMS, value: mechanismList(constants.CKM_AES_GCM) },
  ]
}

/** The value of an attribute that allows one mechanism only: a native unsigned long. */
export function mechanismList(mechanism: number): Buffer {
  const list = Buffer.alloc(8)
  list.writeBigUInt64LE(BigInt(mechanism))
  return list
}

function findKey({ pkcs11, constants, session }: TokenCall, label: string): Handle | undefined {
  const template = [
    { type: constants.CKA_CLASS, value: constants.CKO_SECRET_KEY },
    { type: constants.CKA_LABEL, value: label },
  ]
  pkcs11.C_FindObjectsInit(session, template)
  const found = pkcs11.C_FindObjects(session, 2)
  pkcs11.C_FindObjectsFinal(session)
  const [key] = found
  if (key === undefined) return undefined
  if (found.length > 1) {
    throw new OperatorError(
      `The token has several keys ${label}.`,
      'Delete, or give another label to, those that are not the root key.',
    )
  }
  refuseLoose({ pkcs11, constants, session }, key, label)
  return key
}

/** What a root key must be, and what is wrong with one that is not. */
const DEMANDED = [
  { attribute: 'CKA_SENSITIVE', value: true, else: 'may leave its token' },
  { attribute: 'CKA_EXTRACTABLE', value: false, else: 'may leave its token' },
  { attribute: 'CKA_PRIVATE', value: true, else: 'can be used without the PIN' },
  // What it has wrapped could be unwrapped into a key that may leave the token.
  { attribute: 'CKA_WRAP', value: false, else: 'may wrap other keys' },
  { attribute: 'CKA_UNWRAP', value: false, else: 'may unwrap other keys' },
  { attribute: 'CKA_DERIVE', value: false, else: 'may derive other keys' },
] as const

function refuseLoose({ pkcs11, constants, session }: TokenCall, key: Handle, label: string): void {
  const asked = DEMANDED.map(({ attribute }) => ({ type: constants[attribute] }))
  const given = pkcs11.C_GetAttributeValue(session, key, asked)
  const fault = DEMANDED.find(({ value }, index) => {
    const found = given[index]?.value
    return !Buffer.isBuffer(found) || (found[0] === 1) !== value
  })
  if (fault === undefined) return
  throw new OperatorError(
    `The key ${label} ${fault.else}, so it is no root key.`,
    'Let "coatcheck keys init" make one: name a new label with --pkcs11-key-label.',
  )
}

function createTokenRootKey(token: Token, label: string): TokenRootKey {
  function encrypt(call: TokenCall, parameter: GcmInput): Buffer {
    const { pkcs11, session } = call
    pkcs11.C_EncryptInit(session, gcm(call, parameter), keyOf(call, label))
    const room = Buffer.alloc(parameter.content.length + TAG_BYTES)
    return Buffer.from(pkcs11.C_Encrypt(session, parameter.content, room))
  }

  function decrypt(call: TokenCall, parameter: GcmInput): Buffer | SealError {
    const { pkcs11, session } = call
    pkcs11.C_DecryptInit(session, gcm(call, parameter), keyOf(call, label))
    const room = Buffer.alloc(parameter.content.length)
    try {
      const content = Buffer.from(pkcs11.C_Decrypt(session, parameter.content, room))
      room.fill(0)
      return content
    } catch (error) {
      if (codeOf(error) === undefined) throw error
      // Modules answer a wrong tag with different codes: whether the token is to blame, another call tells.
      encrypt(call, { ...parameter, content: Buffer.alloc(1) })
      return new SealError('a sealed value does not open')
    }
  }

  return {
    id: KEY_ID,
    label,
    wrap(content, place, randomBytes) {
      const header = Buffer.from(`${String.fromCodePoint(VERSION)}${KEY_ID}`, 'latin1')
      const nonce = randomBytes(NONCE_BYTES)
      const aad = associatedData(header, place)
      return Buffer.concat([
        header,
        nonce,
        token.call((call) => encrypt(call, { nonce, aad, content })),
      ])
    },
    unwrap(wrapped, place) {
      const isWrapped =
        wrapped.length > HEADER_BYTES + NONCE_BYTES + TAG_BYTES && wrapped[0] === VERSION
      if (!isWrapped) throw new SealError('a sealed value does not open')
      const aad = associatedData(wrapped.subarray(0, HEADER_BYTES), place)
      const nonce = wrapped.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES)
      const content = wrapped.subarray(HEADER_BYTES + NONCE_BYTES)
      const unwrapped = token.call((call) => decrypt(call, { nonce, aad, content }))
      if (unwrapped instanceof SealError) throw unwrapped
      return unwrapped
    },
  }
}

function keyOf(call: TokenCall, label: string): Handle {
  const key = findKey(call, label)
  if (key !== undefined) return key
  throw new OperatorError(
    `The root key ${label} is not in the token any more.`,
    'Restore the token from its backup: without the key nothing opens.',
  )
}

interface GcmInput {
  readonly nonce: Buffer
  readonly aad: Buffer
  readonly content: Buffer
}

function gcm({ constants }: TokenCall, { nonce, aad }: GcmInput): Mechanism {
  const parameter: AesGCM = {
    type: constants.CK_PARAMS_AES_GCM,
    iv: nonce,
    ivBits: NONCE_BYTES * 8,
    aad,
    tagBits: TAG_BYTES * 8,
  }
  return { mechanism: constants.CKM_AES_GCM, parameter }
}
