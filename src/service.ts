import type { FastifyInstance } from 'fastify'
import { createSession, type CreateSessionNeeds } from './actions/create-session.ts'
import { createToken, type CreateTokenNeeds } from './actions/create-token.ts'
import { getPaymentCredentials } from './actions/get-payment-credentials.ts'
import { getPaymentDetails } from './actions/get-payment-details.ts'
import { getJwks, getPublicKey } from './actions/get-public-key.ts'
import { createLoggedAudit, type Audit } from './audit/audit.ts'
import { createReleaseTrail } from './audit/release-trail.ts'
import {
  epochSeconds,
  systemClock,
  systemRandom,
  type Now,
  type Random,
} from './clock-and-random.ts'
import { createApp, type HttpNeeds } from './http/app.ts'
import type { Gather } from './http/gather.ts'
import type { Operations, Route } from './http/routes.ts'
import type { SigningToken } from './hsm/token-signing.ts'
import { createRsaQueue } from './jose/rsa-queue.ts'
import { claimKeys, type ClaimedKey } from './keys/claim-keys.ts'
import { createMleKeys } from './keys/mle-keys.ts'
import { createRotatedKeys, type RotationPolicy } from './keys/rotated-keys.ts'
import { openLiveKeys, type LiveKeys } from './keys/live-keys.ts'
import { holdRootKey, type RootKey } from './keys/root-key.ts'
import { poolSealer } from './keys/sealing-keys.ts'
import { startSigningHeads, type HeadSigning } from './keys/sign-heads.ts'
import {
  createSessionKeyPool,
  type PoolPolicy,
  type PoolStatus,
  type SessionKeyPool,
} from './keys/session-key-pool.ts'
import { createSessionKeys } from './keys/session-keys.ts'
import { unlimited, type Limits } from './limits/limits.ts'
import { authenticate } from './merchant/authenticate.ts'
import { createDiagnosisRate } from './merchant/diagnosis-rate.ts'
import type { Merchant } from './merchant/merchant.ts'
import { createMerchantRegistry } from './merchant/registry.ts'
import type { SessionJwk } from './protocol/capture-context.ts'
import type { SessionLimits } from './session/sealed-session.ts'
import type { Store } from './store/contract.ts'
import type { Sealer } from './store/sealed-records.ts'
import { describeError, type Logger } from './telemetry/logger.ts'
import type { KeyGauges, Metrics } from './telemetry/metrics.ts'
import { noTrace, type Trace } from './telemetry/trace.ts'

/** The site that kids, `iss` and jti name: two digits and the letter that goes with them. */
export const SITE = { digits: '08', letter: 'E' } as const

/** What a service is made of. The store must hold keys, and a merchant for anybody to be let in. */
export interface ServiceOptions {
  readonly store: Store
  readonly rootKey: RootKey
  /** Reads the root key again, when a key is met that the one at hand does not open. Default is that it never changes. */
  rereadRootKey?(): RootKey
  /** The token that holds signing keys. Default is none. */
  readonly signingToken?: SigningToken | undefined
  readonly logger: Logger
  /** Such as `https://pay.example.com`. Undefined takes the address of the accepting socket: for loopback only. */
  readonly publicOrigin: string | undefined
  readonly sessionLimits: SessionLimits
  readonly poolPolicy: PoolPolicy
  readonly rotation: RotationPolicy
  /** How far a merchant's clock may be from ours. */
  readonly toleranceSeconds: number
  /** Tells whether pages of an origin may create tokens and read public keys. */
  isAllowedOrigin(origin: string): boolean
  /** See {@link CreateSessionNeeds}. */
  keepsSecurityCode(merchant: Merchant): boolean
  /** A further check of card numbers; see {@link validateCardData}. */
  checkNumber(pan: string): string | undefined
  /** Whether error replies say cause and fix. Dev mode only. */
  readonly explain: boolean
  readonly trustedProxies: readonly string[]
  /** Default is the machine's clock. */
  readonly now?: Now
  /** Default is that `now` is both. */
  readonly outerClocks?: OuterClocks
  /** Default is the operating system's randomness. */
  readonly random?: Random
  /** Default keeps nothing. */
  readonly trace?: Trace
  /** Default lets everybody go on. */
  readonly limits?: Limits
  /** Makes routes beside those that every mode has. Default is none. */
  furtherRoutes?(needs: RouteNeeds): readonly Route[]
  /** Default changes nothing. */
  readonly wrappers?: Wrappers
  /** See {@link HttpNeeds}. */
  readonly gather?: Gather
  /** Makes what counts the responses. Default is Prometheus' own client. */
  createMetrics?(keys: KeyGauges): Metrics | Promise<Metrics>
}

/** The clocks by which a service judges what comes from outside, where its own clock is another. */
export interface OuterClocks {
  /** By which merchants' signatures are checked. */
  readonly signatures: Now
  /** By which what is remembered of merchants and keys is looked up again. */
  readonly machine: Now
}

/** What can be put around the needs of authentication and actions: each returns what is used in the place of what it is given. */
export interface Wrappers {
  authenticate(authenticate: HttpNeeds['authenticate']): HttpNeeds['authenticate']
  createSession(needs: CreateSessionNeeds): CreateSessionNeeds
  createToken(needs: CreateTokenNeeds): CreateTokenNeeds
}

const UNWRAPPED: Wrappers = {
  authenticate: (authenticateMerchant) => authenticateMerchant,
  createSession: (needs) => needs,
  createToken: (needs) => needs,
}

/** What further routes are made from. */
export interface RouteNeeds {
  readonly store: Store
  readonly sealer: Sealer
  readonly audit: Audit
  readonly now: Now
  readonly random: Random
  /** Two digits. */
  readonly site: string
}

/** A service that is ready to listen, or to be injected with requests. */
export interface Service {
  readonly app: FastifyInstance
  readonly metrics: Metrics
  /** What this process shows of its session keys. */
  poolStatus(): PoolStatus
  /** Finishes the requests that were begun, then lets go. The store stays open. */
  close(): Promise<void>
}

/**
 * Puts a service together. It mints no session keys: see {@link startMinting}.
 *
 * @throws OperatorError when the store has no keys, or the root key does not open them.
 */
export async function createService(options: ServiceOptions): Promise<Service> {
  const { store, logger, now = systemClock, random = systemRandom } = options
  const { trace = noTrace, limits = unlimited, wrappers = UNWRAPPED } = options
  const { outerClocks = { signatures: now, machine: now } } = options
  const keys = await openKeys(options, { now, random })
  const { sealer } = keys
  const pool = createPool(options, sealer)
  const { createMetrics = loadMetrics } = options
  const metrics = await createMetrics({
    ready: () => pool.status().ready,
    waiting: () => pool.status().waiting,
  })
  const registry = createMerchantRegistry({ store, sealer, now: outerClocks.machine })
  const authentication = {
    ...registry,
    mayDiagnose: createDiagnosisRate(outerClocks.machine),
    write: store.write,
    now: outerClocks.signatures,
    toleranceSeconds: options.toleranceSeconds,
  }
  const machine = { store, sealer, now, random, site: SITE.digits }
  const heads = startSigningHeads({
    ...machine,
    onSigned: (head) => logger.info('audit', { audit: { event: 'head.signed', head } }),
    onFault: (error) =>
      logger.error('heads of the audit cannot be signed', { error: describeError(error) }),
  })
  const app = await createApp({
    ...options,
    operations: createOperations({ ...options, now, random, trace }, { keys, pool, heads }),
    furtherRoutes: options.furtherRoutes?.({ ...machine, audit: createLoggedAudit(logger) }) ?? [],
    authenticate: wrappers.authenticate(
      withFreshKeys(keys, (request) => authenticate(authentication, request)),
    ),
    mle: {
      keys: createMleKeys(store, sealer),
      findCredential: registry.find,
      now: outerClocks.signatures,
      toleranceSeconds: options.toleranceSeconds,
      randomBytes: (count) => random.bytes(count),
    },
    limits,
    random,
    logger,
    metrics,
  })
  await pool.fill()
  const close = async (): Promise<void> => {
    await app.close()
    await heads.close()
    await keys.close()
  }
  return { app, metrics, poolStatus: () => pool.status(), close }
}

function openKeys(
  { store, logger, ...options }: ServiceOptions,
  machine: { readonly now: Now; readonly random: Random },
): Promise<LiveKeys> {
  return openLiveKeys({
    store,
    root: holdRootKey(options.rootKey, options.rereadRootKey, options.signingToken),
    ...machine,
    onFault: (error) => logger.error('keys cannot be read again', { error: describeError(error) }),
    onRecovery: () => logger.info('keys can be read again'),
  })
}

async function loadMetrics(keys: KeyGauges): Promise<Metrics> {
  const { createMetrics } = await import('./telemetry/metrics.ts')
  return createMetrics(keys)
}

/** Has keys read that are too old to go by, before it runs: after a pause of the machine, say, no timer has fired yet. */
function withFreshKeys<Input extends readonly unknown[], Output>(
  keys: LiveKeys,
  run: (...input: Input) => Promise<Output>,
): (...input: Input) => Promise<Output> {
  return (...input) => (keys.isStale() ? keys.refresh().then(() => run(...input)) : run(...input))
}

function createPool(
  { store, poolPolicy, logger, now = systemClock }: ServiceOptions,
  sealer: Sealer,
): SessionKeyPool {
  const needs = {
    claim: store.claim,
    poolSealer: poolSealer(sealer),
    onUnreadable: unreadable(logger),
  }
  const isLost = ({ sealedBy }: ClaimedKey): boolean => sealer.find(sealedBy) === undefined
  const claim: Parameters<typeof createSessionKeyPool>[0]['claim'] = (limit) =>
    claimKeys(needs, limit, epochSeconds(now))
  return createSessionKeyPool({ claim, isLost, now }, poolPolicy)
}

function unreadable(logger: Logger): (kid: string) => void {
  return (kid) => logger.error('a pooled session key does not open', { kid })
}

type Completed = ServiceOptions & Required<Pick<ServiceOptions, 'now' | 'random' | 'trace'>>

interface Parts {
  readonly keys: LiveKeys
  readonly pool: SessionKeyPool
  readonly heads: HeadSigning
}

function createOperations(options: Completed, { keys, pool, heads }: Parts): Operations {
  const { store, logger, sessionLimits, wrappers = UNWRAPPED } = options
  const { sealer, signingKeys } = keys
  const found = { get: store.get, sealer, poolSealer: poolSealer(sealer), now: options.now }
  const sessionKeys = createSessionKeys(found, SITE.digits)
  const audit = createLoggedAudit(logger)
  const runRsa = createRsaQueue()
  const shared = { ...options, sealer, signingKeys, sessionKeys, runRsa, audit }
  const nextSessionKey = chooseSessionKey(options, sealer, pool)
  const sessionNeeds = wrappers.createSession({ ...shared, nextSessionKey })
  const defaultAttempts = sessionLimits.attempts
  const tokenNeeds = wrappers.createToken({ ...shared, site: SITE, defaultAttempts })
  const { note } = heads
  const trail = createReleaseTrail({ ...shared, store: { write: store.write }, note })
  const releaseNeeds = { ...shared, site: SITE, trail }
  return {
    createSession: (merchant, call) => createSession(sessionNeeds, merchant, call),
    createToken: withFreshKeys(keys, (compact, correlationId) =>
      createToken(tokenNeeds, compact, correlationId),
    ),
    getPaymentDetails: (merchant, reference, correlationId) =>
      getPaymentDetails(shared, merchant, { reference, correlationId }),
    getPaymentCredentials: (merchant, { parameter: reference, keyId = '', correlationId }) =>
      getPaymentCredentials(releaseNeeds, merchant, { reference, keyId, correlationId }),
    getPublicKey: async (kid) => {
      // Another process may have made it a moment ago.
      if (keys.isStale() || signingKeys.find(kid) === undefined) await keys.refresh()
      return getPublicKey(shared, kid)
    },
    getJwks: withFreshKeys(keys, async () => getJwks(shared)),
  }
}

function chooseSessionKey(
  { store, rotation, now, logger }: Completed,
  sealer: Sealer,
  pool: SessionKeyPool,
): (merchant: Merchant) => Promise<SessionJwk> {
  const rotationNeeds = {
    take: store.take,
    write: store.write,
    sealer,
    poolSealer: poolSealer(sealer),
    now,
    site: SITE.digits,
    onUnreadable: unreadable(logger),
  }
  const rotated = createRotatedKeys(rotationNeeds, rotation)
  return async function nextSessionKey(merchant: Merchant): Promise<SessionJwk> {
    if (merchant.sessionKeys === 'rotated') return rotated.next(merchant.id)
    const { kid, n } = await pool.next(merchant.id)
    return { kty: 'RSA', e: 'AQAB', use: 'enc', n, kid }
  }
}
