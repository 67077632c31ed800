import type { Administration } from '../merchant/administration.ts'
import { findMerchant, keyIdTaken } from './administer.ts'
import {
  createCredential,
  type CreatedCredential,
  type CreateOptions,
} from './create-credential.ts'
import type { Vault } from './vault.ts'

interface Needs {
  readonly administration: Administration
  readonly vault: Vault
}

/**
 * Makes a credential and adds it to a merchant.
 *
 * @throws OperatorError when the merchant is not there, or its key id is taken: nothing is left behind.
 */
export async function storeCredential(
  { administration, vault }: Needs,
  merchantId: string,
  options: CreateOptions,
): Promise<CreatedCredential> {
  const created = await createCredential(merchantId, options, vault)
  const { credential, keepFilesIf } = created
  if (await keepFilesIf(() => administration.addCredential({ ...credential, merchantId }))) {
    return created
  }
  await findMerchant(administration, merchantId)
  throw keyIdTaken(credential.keyId)
}
