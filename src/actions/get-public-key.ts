import { ServiceError } from '../errors.ts'
import type { SigningJwk, SigningKeys } from '../keys/signing-keys.ts'

/** What the key endpoints need. Session keys are not among these: the two kid spaces never meet. */
export interface GetPublicKeyNeeds {
  readonly signingKeys: Pick<SigningKeys, 'find' | 'published'>
}

/**
 * Returns the bare JWK of a long-term signing key; `use` is `enc`, as the wire has it.
 *
 * @throws ServiceError `PUBLIC_KEY_NOT_FOUND`.
 */
export function getPublicKey({ signingKeys }: GetPublicKeyNeeds, kid: string): SigningJwk {
  const key = signingKeys.find(kid)
  if (key === undefined) throw new ServiceError('PUBLIC_KEY_NOT_FOUND')
  return key.jwk
}

/** A signing key as a JWKS entry: libraries filter on `use` and `alg`. */
export interface JwksEntry extends Omit<SigningJwk, 'use'> {
  readonly use: 'sig'
  readonly alg: 'RS256'
}

/** Returns every published signing key as a JWKS. */
export function getJwks({ signingKeys }: GetPublicKeyNeeds): {
  readonly keys: readonly JwksEntry[]
} {
  const entries = signingKeys.published.map(
    ({ jwk }) => ({ ...jwk, use: 'sig', alg: 'RS256' }) as const,
  )
  return { keys: entries }
}
