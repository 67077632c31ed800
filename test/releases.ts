import { strict as assert } from 'node:assert'
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { LightMyRequestResponse } from 'fastify'
import { compactDecrypt, jwtVerify } from 'jose'
import { signCertificate } from '../src/certificates/sign-certificate.ts'
import { systemRandom } from '../src/clock-and-random.ts'
import keys from '../src/dev/throw-away-keys.json' with { type: 'json' }
import { BUNDLED_KEYS, createToken, jtiOf, openSession, SIGNING_KEY } from './flow.ts'
import { MERCHANT, type Harness } from './harness.ts'
import { signByJwt, type Signer } from './signed-request.ts'

/** Releases of cards, as an entitled merchant sees them. */

/** The certificate to which dev mode releases cards, in PEM. */
export const RELEASE_CERTIFICATE: string = keys.release.certificate

/** The private half of {@link RELEASE_CERTIFICATE}. */
export const RELEASE_KEY: KeyObject = createPrivateKey({
  key: Buffer.from(keys.release.privateKey, 'base64'),
  format: 'der',
  type: 'pkcs8',
})

/** The subject's serial number of {@link RELEASE_CERTIFICATE}. */
export const RELEASE_KID: string = keys.release.kid

/** What a merchant is set to for its cards to be released. */
export const ENTITLED = { entitled: true, releaseCertificate: RELEASE_CERTIFICATE } as const

/** A decrypted release. */
export interface Released {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  readonly card: Readonly<Record<string, string>>
}

/** The path of a release. */
export function releasePath(jti: string): string {
  return `/flex/v2/payment-credentials/${jti}`
}

/** Asks for a card; the reply may be a refusal. */
export async function requestRelease(
  { service }: Pick<Harness, 'service'>,
  jti: string,
  { signer = MERCHANT, now = new Date() }: { readonly signer?: Signer; readonly now?: Date } = {},
): Promise<LightMyRequestResponse> {
  const request = { method: 'GET', target: releasePath(jti) } as const
  return service.app.inject(signByJwt(signer, request, { now }))
}

/** Makes a transient token of a whole card; returns its jti. */
export async function makeCard(
  harness: Pick<Harness, 'service'>,
  options: Parameters<typeof openSession>[1] = {},
): Promise<string> {
  return jtiOf(await createToken(harness, await openSession(harness, options)))
}

/** Decrypts a release and verifies who signed it. */
export async function readRelease(
  { statusCode, body }: Pick<LightMyRequestResponse, 'statusCode' | 'body'>,
  currentDate: Date = new Date(),
): Promise<Released> {
  assert.equal(statusCode, 200, body)
  const { plaintext, protectedHeader } = await compactDecrypt(body, RELEASE_KEY)
  const { payload } = await jwtVerify(Buffer.from(plaintext).toString(), publicSigningKey(), {
    algorithms: ['RS256'],
    currentDate,
  })
  const { paymentInformation } = payload['content'] as {
    readonly paymentInformation: { readonly card: Readonly<Record<string, string>> }
  }
  return { header: { ...protectedHeader }, claims: payload, card: paymentInformation.card }
}

function publicSigningKey(): { kty: string; n: string; e: string } {
  const { n = '', e = '' } = SIGNING_KEY.export({ format: 'jwk' })
  return { kty: 'RSA', n, e }
}

/** A certificate for a throw-away key, good from some day to another, counted from today. */
export function makeCertificate([from, to]: readonly [number, number] = [-1, 9]): {
  readonly certificate: string
  readonly privateKey: string
} {
  const [, privateKey] = BUNDLED_KEYS
  assert.ok(privateKey)
  const subject = { commonName: 'psp' }
  const [notBefore, notAfter] = [new Date(), new Date()]
  notBefore.setDate(notBefore.getDate() + from)
  notAfter.setDate(notAfter.getDate() + to)
  const publicKey = createPublicKey(privateKey)
  const draft = { subject, publicKey, notBefore, notAfter, extensions: [] }
  return {
    certificate: signCertificate(draft, { name: subject, privateKey }, systemRandom),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}
