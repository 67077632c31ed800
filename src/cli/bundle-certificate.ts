import type { Now, Random } from '../clock-and-random.ts'
import type { MleKey } from '../keys/mle-keys.ts'
import { createAdministration, removals } from '../merchant/administration.ts'
import type { Allowances } from '../merchant/merchant.ts'
import type { Store } from '../store/contract.ts'
import type { Sealer } from '../store/sealed-records.ts'

/** The key id of the certificate that dev mode makes: the same at every start, though the key is another. */
export const BUNDLED_SERIAL_NUMBER = '4010000000000000000001'

interface BundleNeeds {
  readonly store: Store
  readonly sealer: Sealer
  readonly now: Now
  readonly random: Random
}

interface BundleOwner {
  readonly merchantId: string
  readonly allows: Allowances
  /** Its certificate goes into the p12 too. */
  readonly mleKey: MleKey
}

/** Makes a key and a certificate for a merchant that is there, in the place of an earlier one. Returns the p12. */
export async function bundleCertificate(needs: BundleNeeds, owner: BundleOwner): Promise<Buffer> {
  const { store, now, random } = needs
  const { merchantId, allows } = owner
  const { createMerchantP12 } = await import('../certificates/create-merchant-p12.ts')
  const serialNumber = BUNDLED_SERIAL_NUMBER
  const { nameMleCertificate } = await import('../certificates/create-mle-key.ts')
  const furtherCertificates = [nameMleCertificate(owner.mleKey)]
  const made = { merchantId, serialNumber, password: merchantId, furtherCertificates, now, random }
  const { p12, certificatePem } = await createMerchantP12(made)
  const administration = createAdministration(needs)
  const credentials = await administration.listCredentials(merchantId)
  await store.write(removals(credentials.filter(({ keyId }) => keyId === serialNumber)))
  const material = { kind: 'certificate', certificate: certificatePem } as const
  await administration.addCredential({ keyId: serialNumber, merchantId, material, allows })
  return p12
}
