import type { Config } from '../config.ts'
import { OperatorError } from '../errors.ts'
import { findTokenRootKey } from '../hsm/token-root-key.ts'
import { hasPrivateKey } from '../hsm/token-signing.ts'
import type { HsmCheck } from '../http/check-readiness.ts'
import { openConfiguredToken } from './custody.ts'

/** Makes the look at the HSM that a configuration keeps keys in; undefined where it keeps none there. Throws OperatorError. */
export async function watchHsm(config: Config): Promise<HsmCheck | undefined> {
  const { rootKeyIn, signingKeysIn, pkcs11KeyLabel } = config
  if (rootKeyIn !== 'hsm' && signingKeysIn !== 'hsm') return undefined
  const token = await openConfiguredToken(config)
  if (token === undefined) return undefined
  // Signing keys that are to be made there may not have been yet.
  let hadSigningKey = false
  return function isThere(): boolean {
    try {
      if (rootKeyIn === 'hsm') findTokenRootKey(token, pkcs11KeyLabel)
      if (signingKeysIn !== 'hsm') return true
      const hasSigningKey = hasPrivateKey(token)
      hadSigningKey ||= hasSigningKey
      return hasSigningKey || !hadSigningKey
    } catch (error) {
      if (error instanceof OperatorError) return false
      throw error
    }
  }
}
