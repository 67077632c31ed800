import { hash } from 'node:crypto'
import { booleanMember, numberMember, parseJsonObject, stringMember } from '../protocol/parse.ts'

/** Who was given which card, and when. No card data, no whole token. */
export interface Release {
  readonly correlationId: string
  readonly merchantId: string
  /** The key id of the credential that signed for it. */
  readonly keyId: string
  /** The kid of the certificate to which the card was encrypted. */
  readonly kid: string
  /** See {@link shortHash}. */
  readonly jtiHash: string
  /** Whether the security code went out with it. */
  readonly securityCode: boolean
}

/** One entry of a chain of releases. */
export interface ReleaseEntry extends Release {
  /** Names the chain; a process begins one of its own. */
  readonly chain: string
  /** From 1, without gaps. */
  readonly sequence: number
  /** The hash of the entry before it; that of the first is empty. */
  readonly previous: string
  /** Seconds since the epoch. */
  readonly at: number
}

/** Writes an entry as the bytes that are stored, and hashed. */
export function encodeReleaseEntry(entry: ReleaseEntry): Buffer {
  const { chain, sequence, previous, at, correlationId, merchantId, keyId, kid, jtiHash } = entry
  const { securityCode } = entry
  const place = { v: 1, chain, sequence, previous, at }
  const release = { correlationId, merchantId, keyId, kid, jtiHash, securityCode }
  return Buffer.from(JSON.stringify({ ...place, ...release }), 'utf8')
}

/** Reads an entry; undefined when it is not one, or of a version that is not known. */
export function decodeReleaseEntry(bytes: Buffer): ReleaseEntry | undefined {
  const members = parseJsonObject(bytes.toString('utf8'))
  if (members === undefined || numberMember(members, 'v') !== 1) return undefined
  const text = (name: string): string => stringMember(members, name) ?? ''
  return {
    chain: text('chain'),
    sequence: numberMember(members, 'sequence') ?? 0,
    previous: text('previous'),
    at: numberMember(members, 'at') ?? 0,
    correlationId: text('correlationId'),
    merchantId: text('merchantId'),
    keyId: text('keyId'),
    kid: text('kid'),
    jtiHash: text('jtiHash'),
    securityCode: booleanMember(members, 'securityCode') ?? false,
  }
}

/** The hash by which the next entry names this one: SHA-256 of its bytes, hex. */
export function hashReleaseEntry(bytes: Buffer): string {
  return hash('sha256', bytes, 'hex')
}

/** The name of an entry's record. */
export function releaseEntryName(chain: string, sequence: number): string {
  return `${chain}.${String(sequence).padStart(12, '0')}`
}
