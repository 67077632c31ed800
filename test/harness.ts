import { randomBytes } from 'node:crypto'
import type { DestinationStream } from 'pino'
import { systemClock, systemRandom, type Now } from '../src/clock-and-random.ts'
import { DEV_PRESET } from '../src/dev/preset.ts'
import { BUNDLED_MERCHANT, seed } from '../src/dev/seed.ts'
import { parseRootKey } from '../src/keys/root-key.ts'
import {
  createAdministration,
  type Administration,
  type NewMerchant,
} from '../src/merchant/administration.ts'
import type { Allowances } from '../src/merchant/merchant.ts'
import { createService, SITE, type Service, type ServiceOptions } from '../src/service.ts'
import type { Store } from '../src/store/contract.ts'
import { createMemoryStore } from '../src/store/memory.ts'
import type { Sealer } from '../src/store/sealed-records.ts'
import { createLogger } from '../src/telemetry/logger.ts'

/** What may be chosen of a merchant that a test adds. */
export type AddedMerchant = Partial<NewMerchant> & {
  readonly keyId?: string
  readonly secret?: Buffer
  readonly allows?: Allowances
}

/** A service of dev mode in this process, without minting: it has the bundled handful of session keys. */
export interface Harness {
  readonly service: Service
  readonly store: Store
  readonly sealer: Sealer
  readonly administration: Administration
  /** Every line that was logged. */
  readonly lines: string[]
  /** Adds a merchant with a credential of its own; returns what it signs with. */
  addMerchant(
    settings?: AddedMerchant,
  ): Promise<{ readonly merchantId: string; readonly keyId: string; readonly secret: string }>
  /** Listens on a free loopback port and returns the address. */
  listen(): Promise<string>
  close(): Promise<void>
}

/** The credentials of the bundled merchant. */
export const MERCHANT = BUNDLED_MERCHANT

/** Makes a service over a store (default: memory), with any option replaced. */
export async function startHarness(
  options: Partial<ServiceOptions> & { readonly now?: Now } = {},
): Promise<Harness> {
  const now = options.now ?? systemClock
  const store = options.store ?? createMemoryStore(now)
  const rootKey = options.rootKey ?? parseRootKey(randomBytes(32).toString('base64'), 'test')
  const lines: string[] = []
  const destination: DestinationStream = { write: (line) => void lines.push(line) }
  const sealer = await seed({ store, rootKey, now, random: systemRandom, site: SITE.digits })
  const service = await createService({
    ...DEV_PRESET,
    logger: createLogger({ level: 'info', now, destination }),
    publicOrigin: undefined,
    toleranceSeconds: 300,
    ...options,
    store,
    rootKey,
    now,
  })
  const administration = createAdministration({ store, sealer, now })
  let added = 0
  return {
    service,
    store,
    sealer,
    administration,
    lines,
    async addMerchant({
      keyId = `key-${added + 1}`,
      secret = randomBytes(32),
      allows,
      ...settings
    } = {}) {
      added += 1
      const text = secret.toString('base64')
      const merchant = {
        id: `merchant-${added}`,
        sessionKeys: 'one-time',
        tokensPerSession: undefined,
        attemptsPerSession: undefined,
        ...settings,
      } as const
      await administration.add(merchant, {
        keyId,
        material: { kind: 'shared-secret', secret },
        ...(allows === undefined ? {} : { allows }),
      })
      return { merchantId: merchant.id, keyId, secret: text }
    },
    listen: () => service.app.listen({ host: '127.0.0.1', port: 0 }),
    async close() {
      await service.close()
      await store.close()
    },
  }
}
