import { createPublicKey, X509Certificate, type KeyObject } from 'node:crypto'
import type { Kind } from '../../inspect/report.ts'
import { decodeJwe, decryptJwe } from '../../jose/jwe.ts'
import { publicKeyOf } from '../../jose/jwk.ts'
import { decodeJws, verifyJws, type DecodedJws } from '../../jose/jws.ts'
import { createMleKeys } from '../../keys/mle-keys.ts'
import { poolSealer } from '../../keys/sealing-keys.ts'
import { createSessionKeys } from '../../keys/session-keys.ts'
import { loadSigningKeys } from '../../keys/signing-keys.ts'
import { JWT_ALGORITHMS } from '../../merchant/jwt-algorithms.ts'
import type { Identity } from '../../merchant/merchant.ts'
import { fingerprintOf } from '../../merchant/records.ts'
import { createMerchantRegistry } from '../../merchant/registry.ts'
import { parseCaptureContext } from '../../protocol/capture-context.ts'
import { stringMember, stringsMember } from '../../protocol/parse.ts'
import type { ControlNeeds } from './state.ts'

/** Whether something holds. */
export interface Verification {
  /** Null when it cannot be told. */
  readonly verified: boolean | null
  /** The key, in words; null when there is none. */
  readonly by: string | null
  /** Why it does not hold, or cannot be told; null when it holds. */
  readonly problem: string | null
}

type Verify = (needs: ControlNeeds, compact: string) => Promise<Verification>

const VERIFIERS: Readonly<Partial<Record<Kind, Verify>>> = {
  'capture-context': verifyContext,
  'transient-token': verifyToken,
  'token-request': decryptTokenRequest,
  mle: decryptMle,
  'merchant-jwt-v1': verifyMerchantJwt,
  'merchant-jwt-v2': verifyMerchantJwt,
}

/** Verifies a signature, or decrypts, with the key that is the right one for its kind. What was decrypted is not shown. */
export async function verifyPasted(
  needs: ControlNeeds,
  kind: Kind,
  compact: string,
): Promise<Verification> {
  const verify = VERIFIERS[kind]
  if (verify === undefined)
    return unknown('Nothing of it is signed by, or encrypted to, a key of this service.')
  return verify(needs, compact)
}

async function verifyContext(
  { store, sealer, clock }: ControlNeeds,
  compact: string,
): Promise<Verification> {
  const jws = decodeJws(compact)
  const kid = stringMember(jws?.header ?? {}, 'kid') ?? ''
  const key = (await loadSigningKeys(store, sealer, clock.now)).find(kid)
  if (jws === undefined || key === undefined)
    return unknown('No signing key of this service has its kid.')
  return verdict(verifyJws(jws, key.publicKey), `the signing key ${kid} of this service`)
}

async function verifyToken(needs: ControlNeeds, compact: string): Promise<Verification> {
  const jws = decodeJws(compact)
  const kid = stringMember(jws?.header ?? {}, 'kid') ?? ''
  const publicKey = await findSessionKey(needs, kid)
  if (jws === undefined || publicKey === undefined) {
    return unknown(
      'Its session is not, or no longer, known here: verify it with its capture context.',
    )
  }
  return verdict(verifyJws(jws, publicKey), `the session key ${kid}`)
}

/** Finds the public key of a session: its own, or when that is spent the one in the capture context that was seen. */
async function findSessionKey(needs: ControlNeeds, kid: string): Promise<KeyObject | undefined> {
  const key = await findPrivateKey(needs, kid)
  if (key !== undefined) return createPublicKey(key)
  for (const { reply, kid: seen } of needs.requests.list({ kid, status: 201 })) {
    const claims = parseCaptureContext(decodeJws(reply?.body.text ?? '')?.claims ?? {})
    if (seen === kid && claims?.flx.jwk.kid === kid) return publicKeyOf(claims.flx.jwk)
  }
  return undefined
}

async function findPrivateKey(
  { store, sealer, clock }: ControlNeeds,
  kid: string,
): Promise<KeyObject | undefined> {
  const needs = { get: store.get, sealer, poolSealer: poolSealer(sealer), now: clock.now }
  const found = await createSessionKeys(needs, kid.slice(0, 2)).find(kid)
  return typeof found === 'object' ? found.privateKey : undefined
}

async function decryptTokenRequest(needs: ControlNeeds, compact: string): Promise<Verification> {
  const jwe = decodeJwe(compact)
  if (jwe === undefined) return unknown('Its form is not one that the service decrypts.')
  const key = await findPrivateKey(needs, jwe.kid)
  if (key === undefined) return unknown('The key of its session is unknown here, spent or expired.')
  const plaintext = decryptJwe(jwe, key, (count) => needs.sealer.randomBytes(count))
  plaintext?.fill(0)
  return verdict(plaintext !== undefined, `the session key ${jwe.kid}`)
}

async function decryptMle(needs: ControlNeeds, compact: string): Promise<Verification> {
  const jwe = decodeJwe(compact)
  if (jwe === undefined) return unknown('Its form is not one that the service decrypts.')
  const key = await createMleKeys(needs.store, needs.sealer).find(jwe.kid)
  if (key === undefined)
    return unknown('It is encrypted to a key of a merchant, or of another service.')
  const plaintext = decryptJwe(jwe, key.privateKey, (count) => needs.sealer.randomBytes(count))
  plaintext?.fill(0)
  return verdict(plaintext !== undefined, `the key of message-level encryption ${jwe.kid}`)
}

async function verifyMerchantJwt(needs: ControlNeeds, compact: string): Promise<Verification> {
  const jws = decodeJws(compact)
  const credential = jws === undefined ? undefined : (await findIdentity(needs, jws))?.credential
  if (jws === undefined || credential === undefined || credential.kind === 'mle-certificate') {
    return unknown('No credential of a merchant here has its key id or certificate.')
  }
  const { keyId, kind, merchantId } = credential
  const verify = JWT_ALGORITHMS[kind].get(stringMember(jws.header, 'alg') ?? '')
  if (verify === undefined) return unknown('Its algorithm is not one that the credential allows.')
  const key = kind === 'certificate' ? credential.publicKey : credential.secret
  return verdict(verify(jws, key), `the credential ${keyId} of ${merchantId}`)
}

async function findIdentity(
  { store, sealer, clock }: ControlNeeds,
  { header }: DecodedJws,
): Promise<Identity | undefined> {
  const registry = createMerchantRegistry({ store, sealer, now: clock.machine })
  const keyId = stringMember(header, 'kid')
  if (keyId) return registry.find(keyId)
  const [certificate] = stringsMember(header, 'x5c') ?? []
  if (certificate === undefined) return undefined
  try {
    const der = Buffer.from(certificate.replaceAll(/\s/g, ''), 'base64')
    return await registry.findByFingerprint(fingerprintOf(new X509Certificate(der)))
  } catch {
    return undefined
  }
}

function verdict(verified: boolean, by: string): Verification {
  return { verified, by, problem: verified ? null : `It does not hold under ${by}.` }
}

function unknown(problem: string): Verification {
  return { verified: null, by: null, problem }
}
