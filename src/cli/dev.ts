import { existsSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { systemClock, systemRandom, type Now } from '../clock-and-random.ts'
import type { Config } from '../config.ts'
import type { SettingName } from '../setting-table.ts'
import { readTime } from '../dev/duration.ts'
import { startEmulator, type Emulator } from '../dev/emulator.ts'
import { BUNDLED_MERCHANT, bundledReleaseKey, DEV_ALLOWANCES } from '../dev/seed.ts'
import { OperatorError } from '../errors.ts'
import { createRootKeyFile, readRootKeyFile, type RootKey } from '../keys/root-key.ts'
import type { Store } from '../store/contract.ts'
import { makeFolder } from '../store/make-folder.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import { systemReason } from '../system-error.ts'
import { createLogger, type Logger } from '../telemetry/logger.ts'
import { banner } from './banner.ts'
import { BUNDLED_SERIAL_NUMBER, bundleCertificate } from './bundle-certificate.ts'
import { addHttps, HTTPS_PORT, parsePort, type Https, type HttpsOptions } from './dev-https.ts'
import { holdLog, type HeldLog } from './held-log.ts'
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

interface DevOptions extends HttpsOptions {
  readonly seed?: string
  readonly freeze?: Date | true
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
    .option(
      '--seed <text>',
      'make ids, IVs and the order of session keys depend on this text alone; keeps everything in memory',
    )
    .option(
      '--freeze [time]',
      'let the clock stand still, at a time such as 2027-01-01T00:00:00Z',
      parseTime,
    )
    .option('--json', 'print and log JSON lines')
    .addHelpText(
      'after',
      '\nExamples:\n  coatcheck dev\n  coatcheck dev --https\n  coatcheck dev --port 0 --ephemeral --credentials /tmp/flex.json\n  coatcheck dev --seed snapshots --freeze 2027-01-01T00:00:00Z',
    )
  return addSettings(command, SETTINGS, DEFAULTS).action((options: DevOptions) =>
    runDev(withMemory(options), readSettings({ ...options }, DEFAULTS)),
  )
}

function parseTime(text: string): Date {
  const time = readTime(text)
  if (time !== undefined) return time
  throw new InvalidArgumentError(
    'It must be ISO 8601 with a zone, such as 2027-01-01T00:00:00Z, from the year 2000 to 2099.',
  )
}

/** What a seed decides must not depend on what a data folder holds. */
function withMemory(options: DevOptions): DevOptions {
  return options.seed === undefined ? options : { ...options, ephemeral: true }
}

async function runDev(options: DevOptions, config: Config): Promise<void> {
  const printer = createPrinter(options.json === true)
  const log = holdLog(options.json === true ? process.stdout : humanLog(process.stdout))
  const running = await startDev(options, config, log)
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
  begin(options, running)
  const { warning } = running.clock.state()
  const warnings = warning === null ? [] : [warning]
  printer.result([banner(credentials, passed, https), ...warnings].join('\n'), {
    ready: true,
    selfTest: passed,
    ...credentials,
    ...(warning === null ? {} : { warning }),
  })
  // The requests of the self-test are nobody's.
  if (options.json === true) log.show()
  else log.skip()
}

/** Forgets the self-test, and sets the clock that was asked for. */
function begin({ freeze }: DevOptions, running: Running): void {
  running.requests.clear()
  running.beginSequence()
  if (freeze === true) running.clock.freeze()
  else if (freeze !== undefined) running.clock.freeze(freeze)
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

interface Running extends Emulator {
  readonly https: Https | undefined
}

async function startDev(options: DevOptions, config: Config, log: HeldLog): Promise<Running> {
  const { ephemeral, seed } = options
  const { data, logLevel: level } = config
  const openLog = (now: Now): Logger => createLogger({ level, now, destination: log })
  let https: Https | undefined
  const emulator = await startEmulator({
    openLog,
    ...(ephemeral ? {} : { openStore: (now) => openStore(data, now) }),
    ...(ephemeral ? {} : { openRootKey: (store) => openRootKey(data, store) }),
    async listen(app) {
      const logger = openLog(systemClock)
      const listenWithTls = await addHttps(app, { ...options, data, logger })
      const url = await listen(app, { host: HOST, port: config.port })
      https = await listenWithTls?.(HOST)
      return url
    },
    seed,
    keyWaitMilliseconds: config.keyWaitMilliseconds,
    toleranceSeconds: config.clockToleranceSeconds,
  })
  return { ...emulator, https }
}

function openStore(data: string, now: Now): Store {
  makeDataFolder(data)
  return openSqliteStore({ folder: data, mode: 'dev', now })
}

/** Makes the data folder and keeps it out of version control; a folder that is there stays as it is. */
function makeDataFolder(data: string): void {
  try {
    if (makeFolder(data)) writeFileSync(join(data, '.gitignore'), '*\n')
  } catch (cause) {
    throw new OperatorError(
      `The data folder ${data} cannot be made: ${systemReason(cause)}.`,
      'Name a folder that this user may write to with --data.',
      cause,
    )
  }
}

async function openRootKey(data: string, store: Store): Promise<RootKey> {
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
