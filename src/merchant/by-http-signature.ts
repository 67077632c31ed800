import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto'
import { componentValues, signatureBase } from '../http-signature/base.ts'
import { parseHttpDate } from '../http-signature/date.ts'
import { candidateBases, firstDifference, signatureMistake } from '../http-signature/diagnose.ts'
import { headerValues, type SignedMessage } from '../http-signature/message.ts'
import { parseSignatureHeader, type SignatureParameters } from '../http-signature/parse.ts'
import { ALGORITHM } from '../http-signature/sign.ts'
import { checkCoverage, dateComponent } from '../http-signature/verify.ts'
import { checkDigest } from './check-digest.ts'
import { checkTime, type TimeNeeds } from './check-time.ts'
import type { Identity } from './merchant.ts'
import { refuse, refuseUnknownKey, type Circumstances } from './refusals.ts'

/** A request of a merchant: raw target, raw headers, raw body bytes, and the address that was really called. */
export interface MerchantRequest extends SignedMessage {
  readonly body: Buffer
  /** Host and port of the listener, for diagnosis only. */
  readonly calledHost: string | undefined
}

/** What authentication needs of the registry: who signs with a key id; undefined when nobody does. */
export interface FindIdentity {
  find(keyId: string): Promise<Identity | undefined>
}

const PROBLEMS = {
  missing: 'HEADER_MISSING',
  repeated: 'HEADER_REPEATED',
  malformed: 'HEADER_MALFORMED',
} as const

/**
 * Authenticates a request by its `signature` header (HMAC-SHA256 over raw header values, target and digest).
 *
 * It cannot be protected from replay: two identical requests of one second sign identically.
 *
 * @throws ServiceError `AUTHENTICATION_FAILED`; its explanation holds both strings to sign, never the expected MAC.
 */
export async function authenticateByHttpSignature(
  needs: FindIdentity & TimeNeeds,
  request: MerchantRequest,
): Promise<Identity> {
  const parameters = readSignature(request)
  const identity = await needs.find(parameters.keyId)
  if (identity === undefined) throw refuseUnknownKey(parameters.keyId)
  if (parameters.algorithm.toLowerCase() !== ALGORITHM.toLowerCase()) {
    throw refuse('ALGORITHM_NOT_ALLOWED', { allowed: [ALGORITHM] })
  }
  const base = readBase(request, parameters)
  checkSignedTime(needs, request, parameters)
  if (request.body.length > 0) checkDigest(headerValues(request, 'digest')[0] ?? '', request.body)
  if (!isMacOf(base, parameters.signature, identity.credential.secret)) {
    const circumstances = diagnose({ request, parameters, identity, base })
    throw refuse('WRONG_SIGNATURE', circumstances)
  }
  const [merchantId] = headerValues(request, 'v-c-merchant-id')
  if (merchantId !== identity.merchant.id) throw refuse('OTHER_MERCHANT', { merchantId })
  return identity
}

function readSignature(request: MerchantRequest): SignatureParameters {
  const values = headerValues(request, 'signature')
  const [value] = values
  if (values.length > 1) throw refuse('HEADER_REPEATED', { headers: ['signature'] })
  const parsed = parseSignatureHeader(value ?? '')
  if (!parsed.ok) throw refuse('SIGNATURE_HEADER_UNREADABLE', { problem: parsed.reason })
  return parsed.parameters
}

function readBase(request: MerchantRequest, { components }: SignatureParameters): string {
  const coverage = { hasBody: request.body.length > 0 }
  const uncovered = checkCoverage(components, coverage, { date: 'required' })
  if (uncovered.length > 0) throw refuse('NOT_COVERED', { components: uncovered })
  const built = signatureBase(request, components)
  if (!built.ok) throw refuse(PROBLEMS[built.problem], { headers: built.names })
  return built.base
}

function checkSignedTime(
  needs: TimeNeeds,
  request: MerchantRequest,
  { components }: SignatureParameters,
): void {
  for (const name of dateComponent(components)) {
    const signedAt = parseHttpDate(componentValues(request, name)[0] ?? '')
    if (signedAt === undefined) throw refuse('DATE_UNREADABLE', { headers: [name] })
    checkTime(signedAt, needs)
  }
}

function isMacOf(base: string, signature: string, secret: KeyObject | Buffer): boolean {
  const expected = createHmac('sha256', secret).update(base, 'utf8').digest()
  const received = Buffer.from(signature, 'base64')
  return received.length === expected.length && timingSafeEqual(received, expected)
}

interface Failed {
  readonly request: MerchantRequest
  readonly parameters: SignatureParameters
  readonly identity: Identity
  readonly base: string
}

// Node joins header bytes as latin1; clients sign what they sent, so both are compared as they arrived.
function diagnose({ request, parameters, identity, base }: Failed): Circumstances {
  const { signature, components, keyId } = parameters
  const { secret } = identity.credential
  const expected = { keyId, stringToSign: { expected: base } }
  const shape = signatureMistake(signature)
  if (shape !== undefined) return { ...expected, mistake: shape }
  const undecoded = Buffer.from(secret.export().toString('base64'), 'latin1')
  if (isMacOf(base, signature, undecoded)) {
    return { ...expected, mistake: 'The secret was used as text: decode it from base64 first.' }
  }
  const hosts = request.calledHost === undefined ? [] : [request.calledHost]
  const known = { hosts, ownerId: identity.merchant.id }
  const signed = candidateBases(request, components, known).find((candidate) =>
    [secret, undecoded].some((key) => isMacOf(candidate.base, signature, key)),
  )
  if (signed === undefined) {
    return {
      ...expected,
      mistake: 'Probably the secret: no known mistake in the string explains it.',
    }
  }
  return {
    keyId,
    mistake: signed.mistake,
    stringToSign: { expected: base, received: signed.base },
    firstDifference: firstDifference(base, signed.base),
  }
}
