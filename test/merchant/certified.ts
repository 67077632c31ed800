import { constants, createPublicKey, sign, X509Certificate, type KeyObject } from 'node:crypto'
import { signCertificate } from '../../src/certificates/sign-certificate.ts'
import { systemRandom } from '../../src/clock-and-random.ts'
import { fingerprintOf } from '../../src/merchant/records.ts'
import { BUNDLED_KEYS } from '../flow.ts'
import type { Harness } from '../harness.ts'
import {
  sha256,
  signByJwt,
  type JwtChanges,
  type SignedRequest,
  type Unsigned,
} from '../signed-request.ts'

const [KEY, OTHER_KEY] = BUNDLED_KEYS

/** How a certificate is made otherwise than for the merchant `shop`. */
interface CertificateChanges {
  readonly merchantId?: string
  readonly keyId?: string
  readonly notAfter?: Date
}

/** A certificate for the first of the bundled keys, and by what it is found. */
export interface Certified {
  readonly merchantId: string
  readonly keyId: string
  readonly pem: string
  readonly fingerprint: string
}

/** Makes a certificate without the cost of a new key. */
export function certify({
  merchantId = 'shop',
  keyId = '1757970970891045729358',
  notAfter = new Date('2099-01-01'),
}: CertificateChanges = {}): Certified {
  if (KEY === undefined) throw new Error('no bundled key')
  const subject = { commonName: merchantId, serialNumber: keyId }
  const notBefore = new Date('2020-01-01')
  const draft = { subject, publicKey: createPublicKey(KEY), notBefore, notAfter, extensions: [] }
  const pem = signCertificate(draft, { name: subject, privateKey: KEY }, systemRandom)
  return { merchantId, keyId, pem, fingerprint: fingerprintOf(new X509Certificate(pem)) }
}

/** What may be chosen of a certificate that is added. */
interface AddedCertificate extends CertificateChanges {
  readonly jwtV1?: boolean
  readonly covers?: readonly string[]
}

/** Adds a merchant and its certificate to a service. */
export async function addCertified(
  { administration }: Pick<Harness, 'administration'>,
  { jwtV1 = false, covers = [], ...changes }: AddedCertificate,
): Promise<Certified> {
  const certified = certify(changes)
  const { merchantId: id, keyId, pem } = certified
  const limits = { tokensPerSession: undefined, attemptsPerSession: undefined } as const
  const material = { kind: 'certificate', certificate: pem } as const
  const allows = { jwtV1, undated: false, merchants: covers }
  await administration.add({ id, sessionKeys: 'one-time', ...limits }, { keyId, material, allows })
  return certified
}

/** Makes a signature with the key of the certificates, or with another. */
export function rsaSignature(
  alg: string,
  key: KeyObject | undefined = KEY,
): (signingInput: string) => Buffer {
  const { RSA_PKCS1_PSS_PADDING: PSS, RSA_PKCS1_PADDING: PKCS1 } = constants
  const padding = alg.startsWith('PS') ? PSS : PKCS1
  const saltLength = constants.RSA_PSS_SALTLEN_DIGEST
  if (key === undefined) throw new Error('no bundled key')
  return (input) => sign(`sha${alg.slice(2)}`, Buffer.from(input), { key, padding, saltLength })
}

/** A key that no certificate is for. */
export const FOREIGN_KEY: KeyObject | undefined = OTHER_KEY

/** Signs a request as the official clients do with a p12, version 2. */
export function signV2(
  { merchantId, keyId }: Certified,
  request: Unsigned,
  changes: JwtChanges & { readonly alg?: string } = {},
): SignedRequest {
  const { alg = 'RS256', header } = changes
  const signer = { merchantId, keyId, secret: '' }
  const signature = { sign: rsaSignature(alg), ...changes, header: { alg, ...header } }
  return signByJwt(signer, request, signature)
}

/** Signs a request as the official Node client did with a p12, version 1. */
export function signV1(
  { merchantId, pem }: Certified,
  request: Unsigned,
  { now = new Date(), header, claims, ...changes }: JwtChanges = {},
): SignedRequest {
  const body = request.body ?? (request.method === 'GET' ? undefined : '{}')
  const ofV1 = {
    iat: now.toUTCString(),
    digest: body === undefined ? undefined : sha256(body),
    digestAlgorithm: 'SHA-256',
  }
  return signByJwt({ merchantId, keyId: '', secret: '' }, request, {
    sign: rsaSignature('RS256'),
    ...changes,
    header: {
      alg: 'RS256',
      kid: undefined,
      'v-c-merchant-id': merchantId,
      x5c: [derOf(pem)],
      ...header,
    },
    claims: { ...NONE_OF_V2, ...ofV1, ...claims },
  })
}

/** The one member of `x5c`: the DER in base64. */
export function derOf(pem: string): string {
  return new X509Certificate(pem).raw.toString('base64')
}

const NONE_OF_V2 = {
  'digest-algorithm': undefined,
  exp: undefined,
  'request-method': undefined,
  'request-resource-path': undefined,
  'request-host': undefined,
  iss: undefined,
  jti: undefined,
  'v-c-jwt-version': undefined,
  'v-c-merchant-id': undefined,
}
