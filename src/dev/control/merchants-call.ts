import { authenticationsOf, clientConfigurations } from '../../merchant/client-configuration.ts'
import { createAdministration } from '../../merchant/administration.ts'
import type { Credential, Merchant } from '../../merchant/merchant.ts'
import { BUNDLED_MERCHANT } from '../seed.ts'
import type { ControlNeeds } from './state.ts'

const UNKNOWN_SECRET = '<your secret>'

/** Lists merchants, with configurations of the official clients to copy. Only the published secret is shown. */
export async function listMerchants({ store, sealer, clock, url }: ControlNeeds): Promise<object> {
  const administration = createAdministration({ store, sealer, now: clock.now })
  const merchants = await administration.list()
  const credentials = await administration.listCredentials()
  const show = (merchant: Merchant): object => {
    const own = credentials.filter(({ merchantId }) => merchantId === merchant.id)
    return showMerchant(merchant, own, url())
  }
  return { merchants: merchants.map(show) }
}

function showMerchant(merchant: Merchant, credentials: readonly Credential[], url: string): object {
  const { id, sessionKeys, disabledAt } = merchant
  const keyId = credentials.find(
    ({ kind, revokedAt }) => kind === 'shared-secret' && revokedAt === undefined,
  )?.keyId
  const client = { merchantId: id, keyId: keyId ?? '', secret: secretOf(keyId) ?? UNKNOWN_SECRET }
  const configurations = authenticationsOf(client).flatMap((authentication) =>
    clientConfigurations(client, authentication, url),
  )
  return {
    id,
    bundled: id === BUNDLED_MERCHANT.merchantId,
    sessionKeys,
    disabled: disabledAt !== undefined,
    credentials: credentials.map((each) => ({
      keyId: each.keyId,
      kind: each.kind,
      secret: secretOf(each.keyId) ?? null,
      revoked: each.revokedAt !== undefined,
    })),
    configurations: keyId === undefined ? [] : configurations,
  }
}

function secretOf(keyId: string | undefined): string | undefined {
  return keyId === BUNDLED_MERCHANT.keyId ? BUNDLED_MERCHANT.secret : undefined
}
