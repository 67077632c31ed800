import { createHash } from 'node:crypto'
import type { Credential } from './merchant.ts'

/** The key id of the credential that dev mode bundles and prints. */
export const BUNDLED_KEY_ID = '08c94330-f618-42a3-b09d-e1e43be5efda'

const BUNDLED_SECRET_SHA256 = 'fd270868c64db0299a4c9ad95ed5a77bd4fbbbe9e81e4bdd65316b6047e99729'

/** Tells whether a credential is the published one, under whatever key id: such a credential protects nothing. */
export function isBundledCredential(credential: Credential): boolean {
  if (credential.keyId === BUNDLED_KEY_ID) return true
  if (credential.kind !== 'shared-secret') return false
  const hash = createHash('sha256').update(credential.secret.export()).digest('hex')
  return hash === BUNDLED_SECRET_SHA256
}
