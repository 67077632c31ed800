import type { RequestListener } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { systemClock, systemRandom, type Now, type Random } from '../clock-and-random.ts'
import { checkReadiness } from '../http/check-readiness.ts'
import { createOperatorApp } from '../http/operator-routes.ts'
import { startMinting, type Minting } from '../keys/minting.ts'
import { parseRootKey, type RootKey } from '../keys/root-key.ts'
import { createService, SITE, type Service, type Wrappers } from '../service.ts'
import type { Store } from '../store/contract.ts'
import { createMemoryStore } from '../store/memory.ts'
import { createWriteProbe } from '../store/probe-writes.ts'
import type { Sealer } from '../store/sealed-records.ts'
import { createLogger, describeError, type Logger } from '../telemetry/logger.ts'
import { announceClock } from './announce-clock.ts'
import { createBundledSessionKeys, type BundledSessionKeys } from './bundled-session-keys.ts'
import { createDevClock, type DevClock, type TimeInput } from './clock.ts'
import { createControlApp } from './control/app.ts'
import { isControlPath } from './control/guard.ts'
import type { ControlNeeds } from './control/state.ts'
import { createExchanges, listenToLog, traceExchanges, type Exchanges } from './exchange.ts'
import { createFaultWrappers } from './fault-wrappers.ts'
import { createFaults, type Faults } from './faults.ts'
import { createInterceptor } from './intercept.ts'
import { isFar, mintingStore, NO_POOLS } from './far-clock.ts'
import { createLateMetrics } from './late-metrics.ts'
import { OPERATIONS } from './operation.ts'
import { DEV_POOL_TARGETS, DEV_PRESET } from './preset.ts'
import { createRecorder, type Recorder } from './recorder.ts'
import { createSeededRandom, type SeededRandom } from './seeded-random.ts'
import { BUNDLED_MERCHANT, seed } from './seed.ts'
import { wrapStore, type ForgettableStore } from './store-wrapper.ts'

const PURGE_EVERY_MILLISECONDS = 30_000

/** What an emulator can be told. Everything has a default that is right for a test: in memory, silent, on a free port. */
export interface EmulatorOptions {
  /** Opens the store. Default is memory. */
  openStore?(now: Now): Store
  /** Finds the root key of a store. Default is a new one. */
  openRootKey?(store: Store): Promise<RootKey>
  /** Makes the log. Default is none. */
  openLog?(now: Now): Logger
  /** Has the application listen, and returns its address. Default is a free port of 127.0.0.1. */
  listen?(app: FastifyInstance): Promise<string>
  /** Makes ids, IVs and the order of session keys depend on this text alone. Default is that they are random. */
  readonly seed?: string | undefined
  /** Whether session keys are minted, or taken from the bundled list, which starts no process. With a seed they are bundled. */
  readonly sessionKeys?: 'minted' | 'bundled'
  /** How long a session may wait for its key. */
  readonly keyWaitMilliseconds?: number
  /** How far a merchant's clock may be from the machine's. Default is 300. */
  readonly toleranceSeconds?: number
  /** The time at which the clock stands still from the start. Default is that it runs. */
  readonly freeze?: TimeInput | undefined
  /** Origins of pages that may create tokens, beside those on loopback. Default is none. */
  readonly pageOrigins?: readonly string[]
  /** Whether requests are recorded and meet faults. Default is true; without, only the cost of that can be measured. */
  readonly isRecording?: boolean
}

/** What {@link Emulator.reset} forgets beyond clock, faults and requests. */
export interface ResetOptions {
  /** Sessions, transient tokens and used JWT ids too; with a seed the random sequence begins anew. */
  readonly store?: boolean
}

/** A running emulator. Several can run in one process. */
export interface Emulator {
  readonly url: string
  /** The bundled merchant and its published credential. */
  readonly merchant: typeof BUNDLED_MERCHANT
  readonly clock: DevClock
  readonly faults: Faults
  readonly requests: Recorder
  readonly store: Store
  readonly sealer: Sealer
  readonly service: Service
  /** What the control API asks for when the emulator does not listen on loopback. */
  readonly devToken: string
  /** Begins the random sequence of a seed; does nothing without one. */
  beginSequence(): void
  /** Resumes the clock, removes the faults and forgets the requests. */
  reset(options?: ResetOptions): Promise<void>
  stop(): Promise<void>
}

/** Starts an emulator: the service, and around it one clock, faults, the recorder and the control API. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const clock = createDevClock(systemClock)
  if (options.freeze !== undefined) clock.freeze(options.freeze)
  const seeded = options.seed === undefined ? undefined : createSeededRandom(options.seed)
  const opened = options.openStore?.(clock.now) ?? createMemoryStore(clock.now)
  try {
    const parts = await assemble(options, { clock, seeded, opened })
    return await run(options, parts)
  } catch (error) {
    await opened.close()
    throw error
  }
}

interface Start {
  readonly clock: DevClock
  readonly seeded: SeededRandom | undefined
  readonly opened: Store
}

interface Parts extends Start {
  readonly store: ForgettableStore
  readonly sealer: Sealer
  readonly service: Service
  readonly logger: Logger
  readonly faults: Faults
  readonly requests: Recorder
  readonly exchanges: Exchanges
  readonly bundled: BundledSessionKeys
  readonly isRecording: boolean
}

/** Puts an emulator together; nothing of it runs yet. */
async function assemble(options: EmulatorOptions, start: Start): Promise<Parts> {
  const { clock, seeded, opened } = start
  const random: Random = seeded ?? systemRandom
  const store = wrapStore(opened, clock)
  const machine = { store, now: clock.now, random, site: SITE.digits }
  const rootKey = (await options.openRootKey?.(store)) ?? drawRootKey()
  const sealer = await seed({ ...machine, rootKey })
  const exchanges = createExchanges()
  // Of its own, so that what is drawn for a fault changes no id.
  const chance = options.seed === undefined ? systemRandom : createSeededRandom(options.seed)
  const faults = createFaults(chance)
  const logger = options.openLog?.(clock.now) ?? silentLog(clock.now)
  const bundled = createBundledSessionKeys({ ...machine, sealer })
  const wrappers = createFaultWrappers({ exchanges, faults })
  const isBundled = (): boolean =>
    seeded !== undefined || options.sessionKeys === 'bundled' || isFar(clock)
  const { waitMilliseconds } = DEV_PRESET.poolPolicy
  const { keyWaitMilliseconds = waitMilliseconds } = options
  const service = await createService({
    ...DEV_PRESET,
    ...machine,
    store: wrappers.store(store),
    rootKey,
    poolPolicy: { ...DEV_PRESET.poolPolicy, waitMilliseconds: keyWaitMilliseconds },
    logger: listenToLog(logger, exchanges),
    publicOrigin: undefined,
    isAllowedOrigin: (origin) =>
      DEV_PRESET.isAllowedOrigin(origin) || options.pageOrigins?.includes(origin) === true,
    toleranceSeconds: options.toleranceSeconds ?? 300,
    outerClocks: { signatures: wrappers.signatures(clock.signatures), machine: systemClock },
    trace: traceExchanges(exchanges),
    // A request that others carry on would be taken for one of theirs.
    gather: (goOn) => goOn(),
    createMetrics: createLateMetrics,
    wrappers: chooseKeys(wrappers, { store, bundled, isBundled }),
  })
  const requests = createRecorder()
  const { isRecording = true } = options
  const made = { store, sealer, service, logger, faults, requests, exchanges, bundled }
  return { ...start, ...made, isRecording }
}

interface KeyChoice {
  readonly store: ForgettableStore
  readonly bundled: BundledSessionKeys
  isBundled(): boolean
}

/** Has sessions take bundled keys where they must, before they meet their faults. */
function chooseKeys(wrappers: Wrappers, { store, bundled, isBundled }: KeyChoice): Wrappers {
  return {
    ...wrappers,
    createSession: (needs) =>
      wrappers.createSession({
        ...needs,
        nextSessionKey: async (merchant) => {
          if (isBundled()) return bundled.next()
          const jwk = await needs.nextSessionKey(merchant)
          store.noteGiven(jwk.kid)
          return jwk
        },
      }),
  }
}

/** Sets an emulator going. */
async function run(options: EmulatorOptions, parts: Parts): Promise<Emulator> {
  const { clock, seeded, store, sealer, service, logger, faults, requests, bundled } = parts
  const onFault = (error: unknown): void =>
    logger.error('housekeeping failed', { error: describeError(error) })
  let minting: Minting | undefined
  let url = ''
  const devToken = systemRandom.bytes(24).toString('base64url')
  const beginSequence = (): void => {
    seeded?.begin('requests')
    bundled.restart()
  }
  const reset = async ({ store: forgets = false }: ResetOptions = {}): Promise<void> => {
    clock.resume()
    faults.clear()
    requests.clear()
    if (!forgets) return
    await store.forget()
    beginSequence()
  }
  const beside = await serveBeside(parts, {
    clock,
    faults,
    requests,
    reset,
    store,
    sealer,
    devToken,
    startedAt: clock.machine(),
    seed: options.seed,
    url: () => url,
    pools: () => minting?.status() ?? NO_POOLS,
    poolStatus: () => service.poolStatus(),
  })
  const close = async (): Promise<void> => {
    await beside.close()
    await service.close()
  }
  try {
    url = await (options.listen ?? listenAnywhere)(service.app)
  } catch (error) {
    await close()
    throw error
  }
  minting = startMintingUnlessBundled(options, parts, onFault)
  beginSequence()
  const endAnnouncing = announceClock(clock, logger)
  const purging = setInterval(() => void store.purge().catch(onFault), PURGE_EVERY_MILLISECONDS)
  const stop = async (): Promise<void> => {
    clearInterval(purging)
    endAnnouncing()
    await close()
    await minting?.stop()
    await store.close()
  }
  const parties = { clock, faults, requests, store, sealer, service }
  return { url, merchant: BUNDLED_MERCHANT, ...parties, devToken, beginSequence, reset, stop }
}

/** Adds what is served beside the service by the same listener: the control API, and what operators ask for. */
async function serveBeside(parts: Parts, needs: ControlNeeds): Promise<{ close(): Promise<void> }> {
  const { service, store } = parts
  const takesWrites = createWriteProbe(store, parts.clock.now)
  const operators = createOperatorApp({
    readiness: () => checkReadiness({ store, takesWrites }, needs.pools()),
    metrics: () => service.metrics.text(),
    describe: describeAll,
  })
  await operators.ready()
  const control = await createControlApp(needs, systemRandom)
  serveAll(parts, { control: control.app, operators })
  const close = async (): Promise<void> => {
    await control.close()
    await operators.close()
  }
  return { close }
}

/** What describes is not loaded before it is asked for: a test seldom does. */
async function describeAll(): Promise<object> {
  const { describeApi } = await import('../http/openapi.ts')
  const { describeControl } = await import('./control/describe.ts')
  return describeControl(await describeApi(OPERATIONS))
}

function listenAnywhere(app: FastifyInstance): Promise<string> {
  return app.listen({ host: '127.0.0.1', port: 0 })
}

function startMintingUnlessBundled(
  { sessionKeys, seed: text }: EmulatorOptions,
  { store, sealer, clock, logger }: Parts,
  onFault: (error: unknown) => void,
): Minting | undefined {
  if (text !== undefined || sessionKeys === 'bundled') return undefined
  return startMinting({
    store: mintingStore(store, clock),
    sealer,
    now: clock.now,
    site: SITE.digits,
    targets: DEV_POOL_TARGETS,
    onFault,
    onRecovery: () => logger.info('the store works again: session keys are minted'),
  })
}

/** What operators ask for is no request of a merchant: it is not recorded, meets no fault and draws no id. */
const OPERATORS: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics', '/openapi.json'])

/** Has the listener hand each request to whom it is for; what is for the service by way of the recorder. */
function serveAll(
  { service, clock, exchanges, faults, requests, isRecording }: Parts,
  { control, operators }: Readonly<Record<'control' | 'operators', FastifyInstance>>,
): void {
  const { server } = service.app
  const serve: RequestListener = (request, response) => service.app.routing(request, response)
  const intercept = createInterceptor({
    exchanges,
    faults,
    now: clock.now,
    machine: clock.machine,
    serve,
    record: (finished) => requests.add(finished),
  })
  const answer = isRecording ? intercept : serve
  server.removeAllListeners('request')
  server.on('request', (request, response) => {
    const { url = '' } = request
    if (isControlPath(url)) control.routing(request, response)
    else if (OPERATORS.has(url.split('?', 1)[0] ?? '')) operators.routing(request, response)
    else answer(request, response)
  })
}

function drawRootKey(): RootKey {
  return parseRootKey(systemRandom.bytes(32).toString('base64'), 'memory')
}

function silentLog(now: Now): Logger {
  return createLogger({ level: 'silent', now, destination: { write: () => {} } })
}
