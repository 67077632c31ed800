import { constants, createHmac, timingSafeEqual, verify, type KeyObject } from 'node:crypto'
import type { DecodedJws } from '../jose/jws.ts'
import type { Credential } from './merchant.ts'

type SigningKind = Exclude<Credential['kind'], 'mle-certificate'>
type Verify = (jws: DecodedJws, key: KeyObject) => boolean

const hmac =
  (hash: string): Verify =>
  (jws, key) => {
    const expected = createHmac(hash, key).update(jws.signingInput, 'latin1').digest()
    return expected.length === jws.signature.length && timingSafeEqual(expected, jws.signature)
  }

const rsa =
  (hash: string, padding: number): Verify =>
  (jws, key) => {
    const saltLength = constants.RSA_PSS_SALTLEN_DIGEST
    const input = Buffer.from(jws.signingInput, 'latin1')
    return verify(hash, input, { key, padding, saltLength }, jws.signature)
  }

const { RSA_PKCS1_PADDING: PKCS1, RSA_PKCS1_PSS_PADDING: PSS } = constants

/**
 * The algorithms that each kind of credential allows. The credential decides, never the token: a public key must not be
 * taken for an HMAC secret.
 */
export const JWT_ALGORITHMS: Readonly<Record<SigningKind, ReadonlyMap<string, Verify>>> = {
  'shared-secret': new Map([
    ['HS256', hmac('sha256')],
    ['HS384', hmac('sha384')],
    ['HS512', hmac('sha512')],
  ]),
  certificate: new Map([
    ['RS256', rsa('sha256', PKCS1)],
    ['RS384', rsa('sha384', PKCS1)],
    ['RS512', rsa('sha512', PKCS1)],
    ['PS256', rsa('sha256', PSS)],
    ['PS384', rsa('sha384', PSS)],
    ['PS512', rsa('sha512', PSS)],
  ]),
}
