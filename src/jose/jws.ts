import { sign, verify, type KeyObject } from 'node:crypto'
import { stringMember, type JsonObject } from '../protocol/parse.ts'
import { decodeBase64Url, decodeJsonPart, encodeBase64Url } from './compact.ts'

/** A private RSA key and the kid under which its public half is known. */
export interface JwsKey {
  readonly kid: string
  readonly privateKey: KeyObject
}

/** What signs with a private key that is elsewhere. */
export interface RemoteSigner {
  readonly kid: string
  /** Makes the RS256 signature of these bytes. */
  sign(input: Buffer): Promise<Buffer>
}

/** Whatever signs. */
export type JwsSigner = JwsKey | RemoteSigner

/** Signs claims as a compact JWS with RS256. The header is `{"kid","alg"}` in that order, without `typ`. */
export function signJws(signer: JwsKey, claims: object): string
export function signJws(signer: JwsSigner, claims: object): string | Promise<string>
export function signJws(signer: JwsSigner, claims: object): string | Promise<string> {
  const header = encodeBase64Url(`{"kid":${JSON.stringify(signer.kid)},"alg":"RS256"}`)
  const signingInput = `${header}.${encodeBase64Url(JSON.stringify(claims))}`
  const bytes = Buffer.from(signingInput, 'latin1')
  const complete = (signature: Buffer): string => `${signingInput}.${encodeBase64Url(signature)}`
  if ('sign' in signer) return signer.sign(bytes).then(complete)
  return complete(sign('sha256', bytes, signer.privateKey))
}

/** A compact JWS taken apart. Nothing of it is verified. */
export interface DecodedJws {
  readonly header: JsonObject
  readonly claims: JsonObject
  /** The bytes that the signature covers, as received. */
  readonly signingInput: string
  readonly signature: Buffer
}

/** Takes a compact JWS apart; undefined when it is not three base64url parts of which two hold JSON objects. */
export function decodeJws(compact: string): DecodedJws | undefined {
  const parts = compact.split('.', 4)
  const [headerPart, claimsPart, signaturePart] = parts
  if (parts.length !== 3 || !headerPart || !claimsPart || !signaturePart) return undefined
  const header = decodeJsonPart(headerPart)
  const claims = decodeJsonPart(claimsPart)
  const signature = decodeBase64Url(signaturePart)
  if (header === undefined || claims === undefined || signature === undefined) return undefined
  return { header, claims, signingInput: `${headerPart}.${claimsPart}`, signature }
}

/**
 * Verifies an RS256 signature over a decoded JWS. The header's `alg` must say RS256 too; a `crit` member is refused
 * (RFC 7515 §4.1.11). Which key is right is the caller's decision; claims and time are not looked at.
 */
export function verifyJws(jws: DecodedJws, publicKey: KeyObject): boolean {
  if (stringMember(jws.header, 'alg') !== 'RS256' || Object.hasOwn(jws.header, 'crit')) return false
  return verify('sha256', Buffer.from(jws.signingInput, 'latin1'), publicKey, jws.signature)
}
