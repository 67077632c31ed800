import { createClient, type Client } from '../client/create-client.ts'
import type { Authentication } from '../client/credentials.ts'
import { systemRandom } from '../clock-and-random.ts'
import type { TimeInput } from '../dev/clock.ts'
import { startEmulator, type Emulator } from '../dev/emulator.ts'
import { createSeededRandom } from '../dev/seeded-random.ts'
import { OperatorError } from '../errors.ts'
import { createTestToken, type CreateTestTokenOptions } from './create-test-token.ts'
import { createTestClock, type TestClock } from './test-clock.ts'
import { createTestFaults, type TestFaults } from './test-faults.ts'
import {
  addMerchants,
  type NewTestMerchant,
  type TestMerchant,
  type TestMerchantSettings,
} from './test-merchants.ts'
import { createTestRequests, type TestRequests } from './test-requests.ts'
import type { TokenInput } from './token-input.ts'

/** What an emulator for tests can be told. Nothing needs to be. */
export interface CoatcheckOptions {
  /** Default is a free one, so that any number can run side by side. */
  readonly port?: number
  /** Makes ids, IVs and the order of session keys depend on this text alone; with `freeze` so is every capture context and token. */
  readonly seed?: string
  /** The time from which the clock runs. Default is the machine's. Not with `freeze`. */
  readonly now?: TimeInput
  /** The time at which the clock stands still. Default is that it runs. */
  readonly freeze?: TimeInput
  /** Merchants beside the bundled one. Default is none. */
  readonly merchants?: readonly NewTestMerchant[]
  /** Settings of the bundled merchant. Default is none. */
  readonly settings?: TestMerchantSettings
  /** Origins of pages that may create tokens, such as `https://shop.example.com`. Those on loopback always may. */
  readonly origins?: readonly string[]
}

/** A running emulator: in this process, in memory alone, on loopback. It stops by `await using`, or `stop()`. */
export interface Coatcheck extends AsyncDisposable {
  /** Where it listens, such as `http://127.0.0.1:51234`. */
  readonly url: string
  /** The bundled merchant. */
  readonly merchant: TestMerchant
  /** Every merchant, the bundled one first. */
  readonly merchants: readonly TestMerchant[]
  /** The typed client, for the bundled merchant. */
  readonly client: Client
  /** Makes a client for a merchant by its id. Default is to sign JWTs. Throws OperatorError when there is no such merchant. */
  clientOf(merchantId: string, authentication?: Authentication): Client
  readonly clock: TestClock
  readonly faults: TestFaults
  readonly requests: TestRequests
  /**
   * Creates a transient token, as a merchant and its shopper would: `await createToken({ number: '4111111111111111' })`. The two
   * requests are recorded, and meet faults, like any other.
   *
   * @throws FlexError with the service's reason, such as `VALIDATION_ERROR`; OperatorError when the input is wrong.
   */
  createToken(input?: TokenInput, options?: CreateTestTokenOptions): Promise<string>
  /**
   * Makes everything as it was after the start: the clock, no faults, no requests, no sessions and no tokens; with a seed its
   * sequence begins anew. Waiting for a request ends with an error.
   */
  reset(): Promise<void>
  /** Stops it. May be called more than once. */
  stop(): Promise<void>
}

/**
 * Starts an emulator for a test.
 *
 * @throws OperatorError when an option is wrong, or the port is taken.
 */
export async function startCoatcheck(options: CoatcheckOptions = {}): Promise<Coatcheck> {
  const { port = 0, seed, origins: pageOrigins = [] } = options
  checkOptions(options)
  const emulator = await startEmulator({
    sessionKeys: 'bundled',
    seed,
    pageOrigins,
    listen: (app) => app.listen({ host: '127.0.0.1', port }),
  }).catch((error: unknown) => {
    throw new OperatorError('The port is taken.', 'Leave it out: a free one is taken then.', error)
  })
  try {
    return await furnish(emulator, options)
  } catch (error) {
    await emulator.stop()
    throw error
  }
}

function checkOptions({ port = 0, now, freeze, origins = [] }: CoatcheckOptions): void {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new OperatorError('The port is not one.', 'Leave it out: a free one is taken then.')
  }
  if (now !== undefined && freeze !== undefined) {
    throw new OperatorError(
      'Both now and freeze are given.',
      'Give now for a clock that runs, freeze for one that stands still.',
    )
  }
  if (origins.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin)) return
  throw new OperatorError(
    'One of origins is not an origin.',
    'Give scheme, host and port alone, such as https://shop.example.com.',
  )
}

async function furnish(emulator: Emulator, options: CoatcheckOptions): Promise<Coatcheck> {
  const { url } = emulator
  const { merchants: further = [], settings, seed } = options
  setClock(emulator, options)
  const random = seed === undefined ? systemRandom : createSeededRandom(`merchants of ${seed}`)
  const merchants = await addMerchants(emulator, { merchants: further, settings, random })
  emulator.beginSequence()
  const clientOf = (merchantId: string, authentication: Authentication = 'jwt'): Client =>
    createClient({ ...findMerchant(merchants, merchantId), url, authentication, fetch: fetchOnce })
  const { endWaiting, ...requests } = createTestRequests(emulator.requests)
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => {
    endWaiting()
    return (stopped ??= emulator.stop())
  }
  const { merchantId } = emulator.merchant
  const needs = { emulator, fetch: fetchOnce, clientOf: (id = merchantId) => clientOf(id) }
  return {
    url,
    merchant: emulator.merchant,
    merchants,
    client: clientOf(merchantId),
    clientOf,
    clock: createTestClock(emulator.clock),
    faults: createTestFaults(emulator.faults),
    requests,
    createToken: (input = {}, how = {}) => createTestToken(needs, input, how),
    reset: async () => {
      endWaiting()
      await emulator.reset({ store: true })
      setClock(emulator, options)
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function setClock({ clock }: Emulator, { now, freeze }: CoatcheckOptions): void {
  if (now !== undefined) clock.set(now)
  if (freeze !== undefined) clock.freeze(freeze)
}

function findMerchant(merchants: readonly TestMerchant[], wanted: string): TestMerchant {
  const found = merchants.find(({ merchantId }) => merchantId === wanted)
  if (found !== undefined) return found
  throw new OperatorError(
    'There is no merchant of this id.',
    'Name it among merchants when starting.',
  )
}

/** Leaves no connection open to another emulator that may listen there next. */
const fetchOnce: typeof fetch = (target, init) => {
  const headers = new Headers(init?.headers)
  headers.set('connection', 'close')
  return fetch(target, { ...init, headers })
}
