import type { ClientOptions } from '../../src/client/index.ts'

/** A shared secret of these tests, base64. */
export const SECRET = 'c2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXMgbG9uZyE='

/** The options of a client of these tests, but for its url. */
export const MERCHANT = {
  merchantId: 'testmid',
  keyId: '3f1c2a5e-7f7d-4a55-9d0e-0b1c2d3e4f50',
  secret: SECRET,
} as const satisfies Omit<ClientOptions, 'url'>

/** A request for a session. */
export const REQUEST = {
  fields: { paymentInformation: { card: { number: {}, securityCode: { required: false } } } },
} as const

/** Something that has the shape of a JWT. */
export const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJGbGV4IEFQSSJ9.c2lnbmF0dXJl'
