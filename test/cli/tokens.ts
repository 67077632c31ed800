import { createJti } from '../../src/protocol/jti.ts'

// Tokens that are made up for tests of what is wrong with them. No signature here is one.

/** Seconds since the epoch at which everything in these tests was issued. */
export const ISSUED_AT = 1_800_000_000

/** Encodes an object as a part of a compact token. */
function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** Makes a compact JWS with a signature of so many bytes. */
export function makeJws(header: object, claims: object, signatureBytes = 256): string {
  const signature = Buffer.alloc(signatureBytes, 7).toString('base64url')
  return `${encode(header)}.${encode(claims)}.${signature}`
}

/** Makes a compact JWE whose parts have so many bytes. */
export function makeJwe(header: object, lengths: readonly number[] = [256, 12, 1917, 16]): string {
  const parts = lengths.map((length) => Buffer.alloc(length, 7).toString('base64url'))
  return [encode(header), ...parts].join('.')
}

export const SESSION_KID = '08U6Yzjg0Ut3mjzn08U6Yzjg0Ut3mjzn'

/** A modulus of so many bits. */
function modulus(bits: number): string {
  return Buffer.alloc(bits / 8, 0xff).toString('base64url')
}

export const JWK = { kty: 'RSA', e: 'AQAB', use: 'enc', n: modulus(2048), kid: SESSION_KID }

export const CONTEXT = {
  flx: {
    path: '/flex/v2/tokens',
    data: 'c2VhbGVkIGJ5IHRoZSBzZXJ2aWNl',
    origin: 'https://pay.example.com',
    jwk: JWK,
  },
  ctx: [
    {
      data: { requiredFields: ['paymentInformation.card.number'], optionalFields: [] },
      type: 'api-0.1.0',
    },
  ],
  iss: 'Flex API',
  exp: ISSUED_AT + 900,
  iat: ISSUED_AT,
  jti: 'rOAksGcp8Bgg6WLj',
}

export const CONTEXT_HEADER = { kid: 'zu', alg: 'RS256' }

export const TOKEN = {
  iss: 'Flex/08',
  exp: ISSUED_AT + 900,
  type: 'api-0.1.0',
  iat: ISSUED_AT,
  jti: createJti(new Uint8Array(32), 'E', ISSUED_AT + 900),
  content: { paymentInformation: { card: { number: { maskedValue: 'XXXXXXXXXXXX1111' } } } },
}

export const TOKEN_HEADER = { kid: SESSION_KID, alg: 'RS256' }

export const MERCHANT = {
  digest: 'RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=',
  digestAlgorithm: 'SHA-256',
  iat: ISSUED_AT,
  exp: ISSUED_AT + 120,
  'request-method': 'post',
  'request-resource-path': '/flex/v2/sessions',
  'request-host': 'apitest.cybersource.com',
  iss: 'testmid',
  jti: '9f7ad4fe-6ae4-4d7c-a0a5-0f2b0d8fd5a4',
  'v-c-jwt-version': '2',
  'v-c-merchant-id': 'testmid',
}

export const MERCHANT_HEADER = { typ: 'JWT', alg: 'HS256', kid: 'key-1' }
