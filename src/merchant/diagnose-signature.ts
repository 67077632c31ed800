import { signatureBase } from '../http-signature/base.ts'
import {
  candidateBases,
  firstDifference,
  signatureMistake,
  type Candidate,
} from '../http-signature/diagnose.ts'
import type { SignedMessage } from '../http-signature/message.ts'
import type { SignatureParameters } from '../http-signature/parse.ts'
import { withhold } from '../http-signature/withhold.ts'
import { NOT_LOOKED_FOR, type MayDiagnose } from './diagnosis-rate.ts'
import { isMacOf } from './is-mac-of.ts'
import type { SharedSecretCredential } from './merchant.ts'
import type { Circumstances } from './refusals.ts'

/** A request whose signature did not match. */
export interface Signed {
  readonly request: SignedMessage & {
    /** Host and port of the listener. */
    readonly calledHost: string | undefined
  }
  readonly parameters: SignatureParameters
  readonly credential: SharedSecretCredential
  /** The string that had to be signed. */
  readonly base: string
}

const UNDECODED = 'The secret was used as text: decode it from base64 first.'
const UNEXPLAINED = 'Probably a wrong secret: no known mistake in the string to sign explains it.'

/**
 * Says why a signature does not match: the string that had to be signed, and the mistake of the client where it is known.
 * Headers that signing is not about are named, their values withheld. Node joins header bytes as latin1; clients sign what
 * they sent, so both are compared as they arrived.
 */
export function diagnoseSignature(signed: Signed, mayDiagnose: MayDiagnose): Circumstances {
  const { request, parameters, credential, base } = signed
  const { signature, components, keyId } = parameters
  const { message, restore } = withhold(request, components)
  const shown = signatureBase(message, components)
  const expected = shown.ok ? shown.base : ''
  const circumstances = { keyId, stringToSign: { expected } }
  const shape = signatureMistake(signature)
  if (shape !== undefined) return { ...circumstances, mistake: shape }
  if (!mayDiagnose(keyId)) return { ...circumstances, mistake: NOT_LOOKED_FOR }
  const { secret } = credential
  const undecoded = Buffer.from(secret.export().toString('base64'), 'latin1')
  if (isMacOf(base, signature, undecoded)) return { ...circumstances, mistake: UNDECODED }
  const hosts = request.calledHost === undefined ? [] : [request.calledHost]
  const known = { hosts, ownerId: credential.merchantId }
  const wasSigned = (candidate: Candidate): boolean =>
    [secret, undecoded].some((key) => isMacOf(restore(candidate.base), signature, key))
  const found = candidateBases(message, components, known).find(wasSigned)
  if (found === undefined) return { ...circumstances, mistake: UNEXPLAINED }
  return {
    keyId,
    mistake: found.mistake,
    stringToSign: { expected, received: found.base },
    firstDifference: firstDifference(expected, found.base),
  }
}
