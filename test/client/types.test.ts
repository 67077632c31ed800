import { strict as assert } from 'node:assert'
import { test } from 'node:test'

import {
  type CaptureContextRequest,
  type CardDataInput,
  type Client,
  createClient,
  createToken,
  type FieldTree,
  type FlexError,
  type LocalReason,
  type PaymentCredentialsOptions,
  type PublicJwk,
  type VerifiedCaptureContext,
  verifyCaptureContext,
  verifyTransientToken,
} from '../../src/client/index.ts'
import type { FieldPath } from '../../src/protocol/field-catalogue.ts'

// The compiler runs this file (`npm run types`); an error that is expected and does not come is an error itself.

declare const client: Client
declare const verified: VerifiedCaptureContext
declare const publicKey: PublicJwk
declare const error: FlexError
declare const cryptoKey: PaymentCredentialsOptions['privateKey']
declare const envVariable: string | undefined

/** The dotted paths of a tree, computed by the compiler. */
type PathsOf<Tree> = {
  [Name in keyof Tree & string]-?: NonNullable<Tree[Name]> extends { leaf: true }
    ? Name
    : `${Name}.${PathsOf<NonNullable<Tree[Name]>>}`
}[keyof Tree & string]
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false

const TYPES_HAVE_EXACTLY_THE_FIELDS_OF_THE_CATALOGUE: Same<
  PathsOf<FieldTree<{ leaf: true }>>,
  FieldPath
> = true

async function rightCalls(): Promise<void> {
  const minimum: CaptureContextRequest = {
    fields: { paymentInformation: { card: { number: {} } } },
  }
  await client.generateFlexAPICaptureContext(minimum)
  await client.generateFlexAPICaptureContext({
    fields: {
      paymentInformation: { card: { number: { required: true }, type: { required: false } } },
      orderInformation: { shipTo: { email: {}, phoneNumber: {} } },
    },
  })
  const details = await client.getPaymentDetails('jti')
  const month: string | undefined = details.paymentInformation?.card?.expirationMonth
  const released = await client.getPaymentCredentials('jti', { privateKey: 'pem' })
  const code: string | undefined = released.paymentInformation?.card?.securityCode
  await client.getPaymentCredentials('jti', { privateKey: cryptoKey })
  await createToken({ captureContext: verified, data: { orderInformation: { billTo: {} } } })
  await verifyCaptureContext('jwt', { origins: ['https://a.example'], publicKey })
  await verifyCaptureContext('jwt', { origins: [], publicKeyOrigin: 'https://a.example' })
  const reason: string = error.reason
  assert.ok(month ?? code ?? reason)
}

async function wrongRequests(): Promise<void> {
  // @ts-expect-error -- the wrapper `fields` is missing
  await client.generateFlexAPICaptureContext({ paymentInformation: { card: { number: {} } } })
  // @ts-expect-error -- `fields` is missing altogether
  await client.generateFlexAPICaptureContext({})
  await client.generateFlexAPICaptureContext({
    // @ts-expect-error -- there is no field of this name
    fields: { paymentInformation: { card: { cardNumber: {} } } },
  })
  await client.generateFlexAPICaptureContext({
    // @ts-expect-error -- billTo has no field of this name
    fields: { orderInformation: { billTo: { zip: {} } } },
  })
  await client.generateFlexAPICaptureContext({
    // @ts-expect-error -- `required` is a boolean
    fields: { paymentInformation: { card: { number: { required: 'no' } } } },
  })
  await client.generateFlexAPICaptureContext({
    // @ts-expect-error -- a leaf has no other option
    fields: { paymentInformation: { card: { number: { optional: true } } } },
  })
  await client.generateFlexAPICaptureContext({
    // @ts-expect-error -- a leaf is an object
    fields: { paymentInformation: { card: { number: true } } },
  })
}

const NUMERIC = { card: { number: 4111 } }

async function wrongTokens(): Promise<void> {
  const data: CardDataInput = { paymentInformation: { card: { number: '4111111111111111' } } }
  // @ts-expect-error -- a capture context that was not verified
  await createToken({ captureContext: 'eyJ…', data })
  // @ts-expect-error -- claims that were decoded but not verified
  await createToken({ captureContext: { claims: verified.claims, jwt: 'eyJ…' }, data })
  // @ts-expect-error -- a copy of a verified one, which could have been changed
  await createToken({ captureContext: { ...verified }, data })
  // @ts-expect-error -- values are strings
  await createToken({ captureContext: verified, data: { paymentInformation: NUMERIC } })
  // @ts-expect-error -- no other algorithm is known
  await createToken({ captureContext: verified, data, alg: 'RSA1_5' })
  // @ts-expect-error -- nothing to verify against but an unverified string
  await verifyTransientToken('eyJ…', 'eyJ…')
}

async function wrongVerification(): Promise<void> {
  // @ts-expect-error -- the origins that may receive card data must be named
  await verifyCaptureContext('eyJ…', { publicKey })
  // @ts-expect-error -- neither a key nor where to fetch one
  await verifyCaptureContext('eyJ…', { origins: ['https://a.example'] })
  const origins = ['https://a.example']
  // @ts-expect-error -- both a key and where to fetch one
  await verifyCaptureContext('eyJ…', { origins, publicKey, publicKeyOrigin: 'https://a.example' })
}

function wrongClients(): void {
  const options = { url: 'https://a.example', merchantId: 'm', keyId: 'k', secret: 's' }
  // @ts-expect-error -- no such way of authentication
  createClient({ ...options, authentication: 'oauth' })
  // @ts-expect-error -- an environment variable may be unset
  createClient({ ...options, secret: envVariable })
  // @ts-expect-error -- the url is missing
  createClient({ merchantId: 'm', keyId: 'k', secret: 's' })
  // @ts-expect-error -- the client's own reasons are a closed set
  const reason: LocalReason = 'NO_SUCH_REASON'
  assert.ok(reason)
}

async function wrongResults(): Promise<void> {
  const details = await client.getPaymentDetails('jti')
  // @ts-expect-error -- a security code is never read back
  assert.ok(details.paymentInformation?.card?.securityCode)
  // @ts-expect-error -- nothing decrypts without a key
  await client.getPaymentCredentials('jti', {})
  // @ts-expect-error -- a verified capture context cannot be changed
  verified.tokensUrl = 'https://evil.example'
  // @ts-expect-error -- nor can what it claims
  verified.claims.flx.jwk.n = ''
}

test('the compiler knows every field of the catalogue, no other, and refuses wrong calls', () => {
  const compiled = [rightCalls, wrongRequests, wrongTokens, wrongVerification, wrongResults]
  assert.ok(compiled.every((call) => typeof call === 'function') && wrongClients.length === 0)
  assert.ok(TYPES_HAVE_EXACTLY_THE_FIELDS_OF_THE_CATALOGUE)
})
