import {
  constants,
  createCipheriv,
  createHash,
  createHmac,
  createPublicKey,
  publicEncrypt,
  randomBytes,
} from 'node:crypto'
import { TOKENS_PATH, type CaptureContext } from '../src/protocol/capture-context.ts'
import { signatureBase } from '../src/http-signature/base.ts'
import { formatHttpDate } from '../src/http-signature/date.ts'
import { formatDigest } from '../src/http-signature/digest.ts'
import { componentsFor, formatSignatureHeader } from '../src/http-signature/sign.ts'
import type { HttpRequest } from './load.ts'

/** What a merchant signs its requests with. */
export interface Credential {
  readonly merchantId: string
  readonly keyId: string
  /** Base64. */
  readonly secret: string
}

const SESSIONS_PATH = '/flex/v2/sessions'

/** The card number that every token request submits. */
export const PAN = '4111111111111111'

const CARD_DATA = {
  paymentInformation: {
    card: {
      number: PAN,
      type: '001',
      securityCode: '123',
      expirationMonth: '12',
      expirationYear: '2099',
    },
  },
  orderInformation: {
    amountDetails: { totalAmount: '102.21', currency: 'USD' },
    billTo: {
      firstName: 'John',
      lastName: 'Doe',
      address1: '1 Market St',
      locality: 'san francisco',
      administrativeArea: 'CA',
      postalCode: '94105',
      country: 'US',
      email: 'test@example.com',
      phoneNumber: '4158880000',
    },
  },
}

// The fields of CARD_DATA: every leaf becomes `{}`, which says that the field is required.
const SESSION_BODY = JSON.stringify({ fields: CARD_DATA }, (_name, value: unknown) =>
  typeof value === 'string' ? {} : value,
)

/** Makes a request that opens a session, signed (HTTP Signature) at a time and good for five minutes. */
export function sessionRequest(credential: Credential, host: string, now: Date): HttpRequest {
  const { merchantId, keyId, secret } = credential
  const headers = [
    ['host', host],
    ['date', formatHttpDate(now)],
    ['digest', formatDigest(createHash('sha256').update(SESSION_BODY).digest('base64'))],
    ['v-c-merchant-id', merchantId],
  ] as const
  const components = componentsFor('POST')
  const toSign = signatureBase({ method: 'POST', target: SESSIONS_PATH, headers }, components)
  if (!toSign.ok) throw new Error(`cannot sign ${toSign.names.join()}`)
  const key = Buffer.from(secret, 'base64')
  const signature = createHmac('sha256', key).update(toSign.base).digest('base64')
  const signed = ['signature', formatSignatureHeader({ keyId, components, signature })] as const
  const type = ['content-type', 'application/json;charset=utf-8'] as const
  const bytes = toBytes(SESSIONS_PATH, [...headers, signed, type], SESSION_BODY)
  return { bytes, captureContext: '' }
}

/** Makes a request that exchanges card data, encrypted to a capture context, for a transient token. */
export function tokenRequest(captureContext: string, host: string): HttpRequest {
  const headers = [
    ['host', host],
    ['content-type', 'application/jwt; charset=utf-8'],
  ] as const
  return { bytes: toBytes(TOKENS_PATH, headers, encryptCardData(captureContext)), captureContext }
}

function toBytes(
  path: string,
  headers: readonly (readonly [name: string, value: string])[],
  body: string,
): Buffer {
  const sent = [...headers, ['accept', 'application/jwt'], ['content-length', `${body.length}`]]
  const lines = sent.map(([name, value]) => `${name}: ${value}`)
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1')
}

/** As a shopper's side does; by node:crypto, which is faster than the client, and the service sees no difference. */
function encryptCardData(captureContext: string): string {
  const [, claimsPart = ''] = captureContext.split('.')
  const claims = JSON.parse(Buffer.from(claimsPart, 'base64url').toString()) as CaptureContext
  const { kty, e, n, kid } = claims.flx.jwk
  const key = createPublicKey({ key: { kty, e, n }, format: 'jwk' })
  const plaintext = JSON.stringify({ data: CARD_DATA, context: captureContext, index: 0 })
  const header = encode(Buffer.from(JSON.stringify({ kid, alg: 'RSA-OAEP', enc: 'A256GCM' })))
  const contentKey = randomBytes(32)
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', contentKey, iv)
  cipher.setAAD(Buffer.from(header))
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  const encryptedKey = publicEncrypt({ key, padding }, contentKey)
  return [header, ...[encryptedKey, iv, ciphertext, cipher.getAuthTag()].map(encode)].join('.')
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64url')
}
