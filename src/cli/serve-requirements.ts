import { isIP } from 'node:net'
import { systemClock } from '../clock-and-random.ts'
import type { Config } from '../config.ts'
import { OperatorError } from '../errors.ts'
import type { RootKey } from '../keys/root-key.ts'
import { isBundledCredential, releasesToBundledKey } from '../merchant/bundled-credential.ts'
import { createAdministration } from '../merchant/administration.ts'
import { isForSigning, type Credential, type Merchant } from '../merchant/merchant.ts'
import { checkPorts } from './listen.ts'
import { checkTlsFiles } from './serve-tls.ts'
import { requireWritable, withVault, type Vault } from './vault.ts'

interface Requirement {
  /** Says what is missing and how to mend it; undefined when it is there. */
  check(config: Config): OperatorError | undefined
}

const LOOPBACK = /^(localhost|127\.[0-9.]+|::1)$/

const REQUIREMENTS: readonly Requirement[] = [
  { check: requireOrigin },
  { check: requireTransport },
  { check: checkTlsFiles },
  { check: checkPorts },
]

/**
 * Checks everything that the vault needs before it starts, and reports all that is missing at once.
 *
 * @param joined - the root key, where its shares were given.
 * @throws OperatorError.
 */
export async function checkRequirements(config: Config, joined?: RootKey): Promise<void> {
  reportMissing([...findMissing(config), await requireKeys(config, joined)])
}

/** Checks what can be checked while the keys are locked. Throws OperatorError. */
export function checkLockedRequirements(config: Config): void {
  reportMissing(findMissing(config))
}

function findMissing(config: Config): readonly (OperatorError | undefined)[] {
  return REQUIREMENTS.map(({ check }) => check(config))
}

function reportMissing(found: readonly (OperatorError | undefined)[]): void {
  const missing = found.filter((problem) => problem !== undefined)
  const [only] = missing
  if (only === undefined) return
  if (missing.length === 1) throw only
  const list = missing.map(({ problem, fix }) => `  - ${problem} ${fix}`).join('\n')
  throw new OperatorError(`${missing.length} things are missing:\n${list}`, 'Nothing was started.')
}

function requireOrigin({ origin }: Config): OperatorError | undefined {
  const fix =
    'Set --origin or COATCHECK_ORIGIN to the https origin that shoppers reach, such as https://pay.example.com.'
  if (origin === '') return new OperatorError('There is no public origin.', fix)
  const parsed = URL.parse(origin)
  if (parsed?.protocol === 'https:' && parsed.origin === origin) return undefined
  return new OperatorError('The public origin is not an https origin without a path.', fix)
}

function requireTransport(config: Config): OperatorError | undefined {
  const { host, proxies, tlsCertFile, tlsKeyFile } = config
  const wrong = proxies.find((proxy) => isIP(proxy.split('/', 1)[0] ?? '') === 0)
  if (wrong !== undefined) {
    return new OperatorError(
      'A proxy is not given by its address.',
      'Set --proxies to IP addresses or networks.',
    )
  }
  // With one of the two named, the other is what is missing.
  const speaksTls = tlsCertFile !== '' || tlsKeyFile !== ''
  if (LOOPBACK.test(host) || proxies.length > 0 || speaksTls) return undefined
  return new OperatorError(
    'The vault would listen beyond this machine without TLS.',
    'Name a certificate with --tls-cert-file and --tls-key-file, put a TLS proxy in front and name its address with --proxies, or listen on a loopback address.',
  )
}

async function requireKeys(
  config: Config,
  joined: RootKey | undefined,
): Promise<OperatorError | undefined> {
  try {
    const { merchants, credentials } = await withVault(
      config,
      async (vault) => {
        await requireWritable(config, vault.store)
        return readMerchants(vault)
      },
      joined,
    )
    if (credentials.length === 0) {
      return new OperatorError('There is no merchant.', 'Run "coatcheck merchants add <id>".')
    }
    if (credentials.every((each) => each.revokedAt !== undefined || !isForSigning(each))) {
      return new OperatorError(
        'Every credential is revoked.',
        'Run "coatcheck credentials add <merchant>".',
      )
    }
    const exposed = merchants.find(releasesToBundledKey)
    if (exposed !== undefined) return releasesToEverybody(exposed.id)
    if (!credentials.some(isBundledCredential)) return undefined
    return new OperatorError(
      'A merchant has the published credential of dev mode.',
      'Everybody knows its secret: use another store, made by "coatcheck keys init".',
    )
  } catch (error) {
    if (error instanceof OperatorError) return error
    throw error
  }
}

async function readMerchants({ store, sealer }: Pick<Vault, 'store' | 'sealer'>): Promise<{
  readonly merchants: readonly Merchant[]
  readonly credentials: readonly Credential[]
}> {
  const administration = createAdministration({ store, sealer, now: systemClock })
  return {
    merchants: await administration.list(),
    credentials: await administration.listCredentials(),
  }
}

function releasesToEverybody(id: string): OperatorError {
  return new OperatorError(
    `The release certificate of merchant ${id} is the published one of dev mode.`,
    `Everybody has its private key: run "coatcheck merchants set ${id} --release-certificate <file>" with another.`,
  )
}
