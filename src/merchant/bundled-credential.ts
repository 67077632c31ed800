import { createHash, X509Certificate } from 'node:crypto'
import type { Credential, Merchant } from './merchant.ts'

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

const BUNDLED_RELEASE_KEY_SHA256 =
  '0c2499a11d47f8e8217506a39eba2174c63ebc7e803fd82335d0e3285465285e'

/** Tells whether a merchant's cards would be released to the key that dev mode bundles: everybody could read them. */
export function releasesToBundledKey({ releaseCertificate: pem }: Merchant): boolean {
  if (pem === undefined) return false
  const spki = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(spki).digest('hex') === BUNDLED_RELEASE_KEY_SHA256
}
