import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { systemClock, systemRandom } from '../clock-and-random.ts'
import type { Config, SettingName } from '../config.ts'
import { DEV_POOL_TARGETS, DEV_PRESET } from '../dev/preset.ts'
import { PAYMENT_ROUTE } from '../dev/payments/routes.ts'
import { BUNDLED_MERCHANT, bundledReleaseKey, DEV_ALLOWANCES, seed } from '../dev/seed.ts'
import { OperatorError } from '../errors.ts'
import { describeApi } from '../http/openapi.ts'
import { addOperatorRoutes } from '../http/operator-routes.ts'
import { ROUTES } from '../http/routes.ts'
import { createRootKeyFile, parseRootKey, readRootKeyFile, type RootKey } from '../keys/root-key.ts'
import { startMinting, type Minting } from '../keys/minting.ts'
import { createService, SITE, type Service } from '../service.ts'
import type { Store } from '../store/contract.ts'
import type { Sealer } from '../store/sealed-records.ts'
import { createMemoryStore } from '../store/memory.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import { createLogger, describeError, type Logger } from '../telemetry/logger.ts'
import { banner } from './banner.ts'
import { BUNDLED_SERIAL_NUMBER, bundleCertificate } from './bundle-certificate.ts'
import { checkReadiness } from './check-readiness.ts'
import { closeOnFailure } from './close-on-failure.ts'
import { addHttps, HTTPS_PORT, parsePort, type Https, type HttpsOptions } from './dev-https.ts'
import { holdLog } from './held-log.ts'
import { humanLog } from './human-log.ts'
import { listen } from './listen.ts'
import { ensureMleKey } from './mle-key.ts'
import { createPrinter } from './print.ts'
import { selfTest } from './self-test.ts'
import { addSettings, readSettings } from './settings.ts'
import { stopOnSignal } from './stop-on-signal.ts'
import { writePrivately } from './write-privately.ts'

const SETTINGS: readonly SettingName[] = ['port', 'data', 'logLevel', 'keyWaitMilliseconds']
const DEFAULTS = { data: '.coatcheck' }
const HOST = '127.0.0.1'
const PURGE_EVERY_MILLISECONDS = 30_000

interface DevOptions extends HttpsOptions {
  readonly json?: true
}

/** Makes the command `coatcheck dev`: the emulator. */
export function devCommand(): Command {
  const command = new Command('dev')
    .description(
      'Run the emulator on this machine: no account, no network, published test cards only.',
    )
    .option('--ephemeral', 'keep everything in memory')
    .option(
      '--credentials <file>',
      'write {"url","merchantId","keyId","secret","p12",…}, with --https "httpsUrl" and "ca" too, into a file, and a p12 beside it, for scripts',
    )
    .option('--https', 'speak https too, with a certificate of a local authority made for it')
    .option(
      '--https-port <port>',
      `port of https; 0 takes a free one (default ${HTTPS_PORT}); implies --https`,
      parsePort,
    )
    .option('--json', 'print and log JSON lines')
    .addHelpText(
      'after',
      '\nExamples:\n  coatcheck dev\n  coatcheck dev --https\n  coatcheck dev --port 0 --ephemeral --credentials /tmp/flex.json',
    )
  return addSettings(command, SETTINGS, DEFAULTS).action((options: DevOptions) =>
    runDev(options, readSettings({ ...options }, DEFAULTS)),
  )
}

async function runDev(options: DevOptions, config: Config): Promise<void> {
  const printer = createPrinter(options.json === true)
  const log = holdLog(options.json === true ? process.stdout : humanLog(process.stdout))
  const logger = createLogger({ level: config.logLevel, now: systemClock, destination: log })
  const running = await startDev(options, config, logger)
  const { url, https } = running
  const bundled = { url, ...BUNDLED_MERCHANT }
  const passed = await selfTest(bundled).catch((error: unknown) => {
    log.show()
    throw error
  })
  const certified = await addCertificate(options, running)
  const ofHttps = https && { httpsUrl: https.url, ca: https.ca }
  const credentials = { ...bundled, ...certified, ...ofHttps }
  const text = `${JSON.stringify(credentials, null, 2)}\n`
  for (const path of credentialFiles(options, config)) writePrivately(path, text)
  // Before anybody can know that it is ready, and stop it.
  stopOnSignal(running.stop)
  printer.result(banner(credentials, passed, https), {
    ready: true,
    selfTest: passed,
    ...credentials,
  })
  // The requests of the self-test are nobody's.
  if (options.json === true) log.show()
  else log.skip()
}

/** Where the credentials go: to the file that was asked for, and to where `coatcheck token` looks for them by itself. */
function credentialFiles(
  { credentials, ephemeral }: DevOptions,
  { data }: Config,
): readonly string[] {
  const asked = credentials === undefined ? [] : [credentials]
  return ephemeral ? asked : [...asked, join(data, 'credentials.json')]
}

/** Gives the merchant a certificate too, for clients that load a p12: only on demand, as its key takes a while. */
async function addCertificate(
  { credentials }: DevOptions,
  { store, sealer }: Running,
): Promise<CertificateCredentials | undefined> {
  if (credentials === undefined) return undefined
  const needs = { store, sealer, now: systemClock, random: systemRandom }
  const { merchantId } = BUNDLED_MERCHANT
  const mleKey = await ensureMleKey(needs)
  const p12 = await bundleCertificate(needs, { merchantId, allows: DEV_ALLOWANCES, mleKey })
  const file = resolve(`${credentials}.p12`)
  writePrivately(file, p12, credentials)
  const mleCertificate = resolve(`${credentials}.mle.pem`)
  writePrivately(mleCertificate, mleKey.certificate, credentials)
  const releaseKey = resolve(`${credentials}.release.pem`)
  writePrivately(releaseKey, bundledReleaseKey(), credentials)
  return {
    p12: { file, password: merchantId },
    certificateSerialNumber: BUNDLED_SERIAL_NUMBER,
    mleCertificate,
    releaseKey,
  }
}

interface CertificateCredentials {
  readonly p12: { readonly file: string; readonly password: string }
  readonly certificateSerialNumber: string
  /** The file of the certificate to which requests are encrypted. */
  readonly mleCertificate: string
  /** The file of the private key to which cards are released. */
  readonly releaseKey: string
}

interface Running {
  readonly url: string
  readonly https: Https | undefined
  readonly store: Store
  readonly sealer: Sealer
  stop(): Promise<void>
}

async function startDev(options: DevOptions, config: Config, logger: Logger): Promise<Running> {
  const store = openStore(options, config)
  const machine = { store, now: systemClock, random: systemRandom, site: SITE.digits }
  const { rootKey, sealer } = await closeOnFailure(store, async () => {
    const key = await openRootKey(options, config, store)
    return { rootKey: key, sealer: await seed({ ...machine, rootKey: key }) }
  })
  const onFault = (error: unknown): void =>
    logger.error('housekeeping failed', { error: describeError(error) })
  const service = await createService({
    ...DEV_PRESET,
    ...machine,
    rootKey,
    poolPolicy: { ...DEV_PRESET.poolPolicy, waitMilliseconds: config.keyWaitMilliseconds },
    logger,
    publicOrigin: undefined,
    toleranceSeconds: config.clockToleranceSeconds,
  })
  const minting = startMinting({ ...machine, sealer, targets: DEV_POOL_TARGETS, onFault })
  addOperators({ service, store, minting })
  const listenWithTls = await addHttps(service.app, { ...options, data: config.data, logger })
  const url = await listen(service.app, { host: HOST, port: config.port })
  const https = await listenWithTls?.(HOST)
  const purging = setInterval(() => {
    store.purge().catch(onFault)
  }, PURGE_EVERY_MILLISECONDS)
  const stop = async (): Promise<void> => {
    clearInterval(purging)
    await service.close()
    await minting.stop()
    await store.close()
  }
  return { url, https, store, sealer, stop }
}

function openStore({ ephemeral }: DevOptions, { data }: Config): Store {
  if (ephemeral) return createMemoryStore(systemClock)
  makeDataFolder(data)
  return openSqliteStore({ folder: data, mode: 'dev', now: systemClock })
}

/** Makes the data folder and keeps it out of version control; a folder that is there stays as it is. */
function makeDataFolder(data: string): void {
  try {
    const isNew = mkdirSync(data, { recursive: true, mode: 0o700 }) !== undefined
    if (isNew) writeFileSync(join(data, '.gitignore'), '*\n')
  } catch (cause) {
    throw new OperatorError(
      `The data folder ${data} cannot be made.`,
      'Name a folder that this user may write to with --data.',
      cause,
    )
  }
}

async function openRootKey(
  { ephemeral }: DevOptions,
  { data }: Config,
  store: Store,
): Promise<RootKey> {
  if (ephemeral) return parseRootKey(systemRandom.bytes(32).toString('base64'), 'memory')
  const path = join(data, 'root.key')
  if (existsSync(path)) return readRootKeyFile(path)
  if ((await store.depth('sealing-key')).count === 0) {
    return createRootKeyFile(path, systemRandom.bytes)
  }
  throw new OperatorError(
    `The root key file ${path} is gone, and no other key opens this store.`,
    `Put it back, or delete ${data} to start afresh.`,
  )
}

function addOperators(running: {
  readonly service: Service
  readonly store: Store
  readonly minting: Minting
}): void {
  const { service, store, minting } = running
  addOperatorRoutes(service.app, {
    readiness: () => checkReadiness(store, minting.status()),
    metrics: () => service.metrics.registry.metrics(),
    describe: () => describeApi([...ROUTES, PAYMENT_ROUTE]),
  })
}
