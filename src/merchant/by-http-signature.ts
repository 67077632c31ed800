import { componentValues, signatureBase } from '../http-signature/base.ts'
import { parseHttpDate } from '../http-signature/date.ts'
import { headerValues, withHeaderValue, type SignedMessage } from '../http-signature/message.ts'
import { parseSignatureHeader, type SignatureParameters } from '../http-signature/parse.ts'
import { ALGORITHM } from '../http-signature/sign.ts'
import { checkCoverage, dateComponent } from '../http-signature/verify.ts'
import { actFor, checkCredential, type FindMerchant } from './check-credential.ts'
import { checkDigest } from './check-digest.ts'
import { checkTime, type TimeNeeds } from './check-time.ts'
import { diagnoseSignature, type Signed } from './diagnose-signature.ts'
import type { DiagnosisNeeds, MayDiagnose } from './diagnosis-rate.ts'
import { isMacOf } from './is-mac-of.ts'
import type { Identity, SharedSecretCredential } from './merchant.ts'
import { refuse, refuseUnknownKey } from './refusals.ts'

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

/** What authentication by HTTP Signature needs. */
export interface HttpSignatureNeeds extends FindIdentity, FindMerchant, TimeNeeds, DiagnosisNeeds {}

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
 * @throws ServiceError `AUTHENTICATION_FAILED`; its explanation holds both strings to sign, never the expected MAC,
 * nor the value of a header that signing is not about.
 */
export async function authenticateByHttpSignature(
  needs: HttpSignatureNeeds,
  request: MerchantRequest,
): Promise<Identity> {
  const parameters = readSignature(request)
  const identity = await needs.find(parameters.keyId)
  if (identity === undefined) throw refuseUnknownKey(parameters.keyId)
  const credential = requireSharedSecret(identity)
  if (parameters.algorithm.toLowerCase() !== ALGORITHM.toLowerCase()) {
    throw refuse('ALGORITHM_NOT_ALLOWED', { allowed: [ALGORITHM] })
  }
  const base = readBase(request, parameters, credential)
  checkSignedTime(needs, request, parameters)
  if (request.body.length > 0) {
    const [digest = ''] = headerValues(request, 'digest')
    checkDigest(digest, request.body, () => needs.mayDiagnose(credential.keyId))
  }
  checkMac({ request, parameters, credential, base }, needs.mayDiagnose)
  checkCredential(identity, needs)
  const [merchantId] = headerValues(request, 'v-c-merchant-id')
  return { ...identity, merchant: await actFor(needs, identity, merchantId) }
}

function requireSharedSecret({ credential }: Identity): SharedSecretCredential {
  if (credential.kind === 'shared-secret') return credential
  throw refuse('NOT_FOR_THIS_CREDENTIAL', { keyId: credential.keyId, kind: credential.kind })
}

function readSignature(request: MerchantRequest): SignatureParameters {
  const values = headerValues(request, 'signature')
  const [value] = values
  if (values.length > 1) throw refuse('HEADER_REPEATED', { headers: ['signature'] })
  const parsed = parseSignatureHeader(value ?? '')
  if (!parsed.ok) throw refuse('SIGNATURE_HEADER_UNREADABLE', { problem: parsed.reason })
  return parsed.parameters
}

function readBase(
  request: MerchantRequest,
  { components }: SignatureParameters,
  { allows }: SharedSecretCredential,
): string {
  const coverage = { hasBody: request.body.length > 0 }
  const date = allows.undated ? 'opt-out-by-credential' : 'required'
  const uncovered = checkCoverage(components, coverage, { date })
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

function checkMac(signed: Signed, mayDiagnose: MayDiagnose): void {
  const { signature } = signed.parameters
  const { secret } = signed.credential
  if (isMacOf(signed.base, signature, secret)) return
  const byOwner = ownersBase(signed)
  if (byOwner !== undefined && isMacOf(byOwner, signature, secret)) return
  throw refuse('WRONG_SIGNATURE', diagnoseSignature(signed, mayDiagnose))
}

/** With a meta key the string holds the owner's id where the header holds the merchant that it acts for. */
function ownersBase({ request, parameters, credential }: Signed): string | undefined {
  if (credential.allows.merchants.length === 0) return undefined
  const owned = withHeaderValue(request, 'v-c-merchant-id', credential.merchantId)
  const built = signatureBase(owned, parameters.components)
  return built.ok ? built.base : undefined
}
