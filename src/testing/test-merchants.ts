import type { Random } from '../clock-and-random.ts'
import type { Emulator } from '../dev/emulator.ts'
import { DEV_ALLOWANCES } from '../dev/seed.ts'
import { OperatorError } from '../errors.ts'
import { createAdministration, type Administration } from '../merchant/administration.ts'
import { isMerchantId } from '../merchant/merchant.ts'
import { LIFETIME_SECONDS } from '../protocol/capture-context.ts'

/** What can be set of a merchant in a test. What is not given is as the emulator has it. */
export interface TestMerchantSettings {
  /** How many transient tokens a session may give. Default is 10. */
  readonly tokensPerSession?: number
  /** How many opened attempts a session may see. Default is 20. */
  readonly attemptsPerSession?: number
  /** How long a session may be used. Default is 900, which is the most. */
  readonly sessionSeconds?: number
  /** How long a transient token may be used. Default is 900, which is the most. */
  readonly tokenSeconds?: number
  /** How often a transient token may be used. Default is as often as one likes. */
  readonly usesPerToken?: number
}

/** A merchant to be there beside the bundled one. */
export interface NewTestMerchant {
  /** 1 to 50 letters, digits and `_.-`. */
  readonly merchantId: string
  /** Default is none. */
  readonly settings?: TestMerchantSettings
}

/** A merchant, and what it signs with: what every client's configuration asks for. */
export interface TestMerchant {
  readonly merchantId: string
  readonly keyId: string
  /** Standard base64. */
  readonly secret: string
}

interface MerchantOptions {
  readonly merchants: readonly NewTestMerchant[]
  /** Of the bundled merchant. */
  readonly settings: TestMerchantSettings | undefined
  readonly random: Random
}

/** Adds merchants to an emulator, and sets what is asked for. Returns all of them, the bundled one first. */
export async function addMerchants(
  { store, sealer, clock, merchant }: Emulator,
  { merchants, settings = {}, random }: MerchantOptions,
): Promise<readonly TestMerchant[]> {
  const administration = createAdministration({ store, sealer, now: clock.now })
  checkSettings(settings)
  await administration.update(merchant.merchantId, (known) => ({ ...known, ...settings }))
  const added: TestMerchant[] = [merchant]
  for (const each of merchants) added.push(await addMerchant(administration, each, random))
  return added
}

async function addMerchant(
  administration: Administration,
  { merchantId, settings = {} }: NewTestMerchant,
  random: Random,
): Promise<TestMerchant> {
  if (!isMerchantId(merchantId)) {
    throw new OperatorError(
      'A merchantId is not one.',
      'It must be 1 to 50 letters, digits and "_.-".',
    )
  }
  checkSettings(settings)
  const [keyId, drawn] = [random.uuid(), random.bytes(32)]
  const secret = drawn.toString('base64')
  const unset = { tokensPerSession: undefined, attemptsPerSession: undefined }
  const isNew = await administration.add(
    { id: merchantId, sessionKeys: 'one-time', ...unset, ...settings },
    {
      keyId,
      material: { kind: 'shared-secret', secret: Buffer.from(drawn) },
      allows: DEV_ALLOWANCES,
    },
  )
  if (isNew) return { merchantId, keyId, secret }
  throw new OperatorError('Two merchants have the same merchantId.', 'Give each one of its own.')
}

const MOST: Readonly<Record<keyof TestMerchantSettings, number>> = {
  tokensPerSession: 9999,
  attemptsPerSession: 9999,
  sessionSeconds: LIFETIME_SECONDS,
  tokenSeconds: LIFETIME_SECONDS,
  usesPerToken: 9999,
}

function checkSettings(settings: TestMerchantSettings): void {
  const most: Readonly<Record<string, number>> = MOST
  for (const [name, value] of Object.entries(settings)) {
    const limit = Object.hasOwn(most, name) ? most[name] : undefined
    if (limit === undefined) {
      const known = Object.keys(MOST).join(', ')
      throw new OperatorError('A setting of a merchant is not known.', `Known are: ${known}.`)
    }
    if (Number.isInteger(value) && value >= 1 && value <= limit) continue
    throw new OperatorError(
      `The setting ${name} is not right.`,
      `It must be a whole number, 1 to ${limit}.`,
    )
  }
}
