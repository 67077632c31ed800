import { OperatorError } from '../errors.ts'
import { isForSigning, type Credential } from '../merchant/merchant.ts'
import { findMerchant, type Administer } from './administer.ts'
import type { CreateOptions } from './create-credential.ts'
import { inherit, withDefaults, type CredentialOptions } from './credential-options.ts'
import { printCredential } from './describe-credential.ts'
import { readSettings } from './settings.ts'
import { storeCredential } from './store-credential.ts'

/** The flags of a rotation. */
export interface RotateOptions extends CredentialOptions {
  /** The key id of the credential to be replaced. */
  readonly replace?: string
}

/** Adds a credential beside the one that it is to replace: of the same kind and allowed the same, unless flags say otherwise. */
export function rotateCredential(merchantId: string, options: RotateOptions): Administer {
  return async function rotate(administration, printer, vault): Promise<void> {
    const merchant = await findMerchant(administration, merchantId)
    const old = choose(await administration.listCredentials(merchantId), merchantId, options)
    const chosen =
      old === undefined ? withDefaults(options, merchant) : alike(inherit(options, old.allows), old)
    const created = await storeCredential({ administration, vault }, merchantId, chosen)
    const { origin } = readSettings({ ...options })
    const replaces = old === undefined ? [] : [old.keyId]
    const next = replaces.length === 0 ? [] : NEXT
    await printCredential(printer, created, { origin, members: { replaces, next } })
    for (const step of next) printer.note(step)
    for (const keyId of replaces) printer.note(`Then: coatcheck credentials revoke ${keyId}`)
  }
}

const NEXT: readonly string[] = [
  'Both credentials are good now: put the new one into every client.',
  'The old one may be revoked as soon as no client signs with it; sessions and tokens that were made with it stay good.',
]

function choose(
  credentials: readonly Credential[],
  merchantId: string,
  { replace }: RotateOptions,
): Credential | undefined {
  const live = credentials.filter(
    (credential) => credential.revokedAt === undefined && isForSigning(credential),
  )
  if (replace !== undefined) return named(live, merchantId, replace)
  if (live.length > 1) {
    throw new OperatorError(
      `${merchantId} has ${live.length} live credentials already.`,
      'Revoke those that are not used any more, then rotate; or name the one to be replaced with --replace <key id>.',
    )
  }
  return live[0]
}

function named(live: readonly Credential[], merchantId: string, keyId: string): Credential {
  const found = live.find((credential) => credential.keyId === keyId)
  if (found !== undefined) return found
  throw new OperatorError(
    `${merchantId} has no live credential for signing with the key id ${keyId}.`,
    `See "coatcheck credentials list ${merchantId}".`,
  )
}

/** A certificate is followed by a p12 with a new key, in a file of a new name, where no flag says what. */
function alike(options: CredentialOptions, { kind, merchantId }: Credential): CreateOptions {
  const isSaid = options.p12 !== undefined || options.certificate !== undefined
  if (kind === 'shared-secret' || isSaid) return options
  return { ...options, p12: (keyId) => `${merchantId}-${keyId}.p12` }
}
