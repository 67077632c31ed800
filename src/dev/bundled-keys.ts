import { createPrivateKey, type KeyObject } from 'node:crypto'
import keys from './throw-away-keys.json' with { type: 'json' }

/** How many session keys are bundled. */
export const BUNDLED_SESSION_KEYS: number = keys.session.length

type NamedKey = 'signing' | 'mle' | 'release'

const PKCS8: Readonly<Record<NamedKey, string>> = {
  signing: keys.signing,
  mle: keys.mle.privateKey,
  release: keys.release.privateKey,
}

/** Imports a bundled key: by its name, or a session key by its position. */
export function importBundledKey(which: NamedKey | number): KeyObject {
  const text = typeof which === 'number' ? keys.session[which % BUNDLED_SESSION_KEYS] : PKCS8[which]
  return createPrivateKey({ key: Buffer.from(text ?? '', 'base64'), format: 'der', type: 'pkcs8' })
}
