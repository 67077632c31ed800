import { X509Certificate } from 'node:crypto'
import { InvalidArgumentError } from 'commander'
import { readCertificate } from '../certificates/read-certificate.ts'
import { systemClock } from '../clock-and-random.ts'
import type { NewMerchant } from '../merchant/administration.ts'
import type { SessionKeyPolicy } from '../merchant/merchant.ts'
import { LIFETIME_SECONDS } from '../protocol/capture-context.ts'
import { httpsOrigins } from '../setting-kinds.ts'
import { readBytes } from './read-bytes.ts'

/** What can be set of a merchant. */
export type MerchantSettings = Omit<NewMerchant, 'id'>

/** One setting of a merchant: how it is given, and how it is shown. */
interface MerchantSetting {
  readonly name: keyof MerchantSettings
  /** Such as `--session-keys <policy>`. */
  readonly flag: string
  readonly description: string
  /** What holds while it is not set, in words. */
  readonly default: string
  /** Every value that there is, where they are few and the flag does not name them. */
  readonly choices?: readonly SessionKeyPolicy[]
  /**
   * Reads what was given. Throws InvalidArgumentError; what is returned reads a file that was named, and throws
   * OperatorError.
   */
  read(text: string): () => Partial<MerchantSettings>
  /** What takes it back. */
  readonly unset: Partial<MerchantSettings>
  /** Shows it to people; undefined while it is not set. */
  show(settings: MerchantSettings): string | undefined
}

/** What nothing was set of. */
export const NO_SETTINGS: MerchantSettings = {
  sessionKeys: 'one-time',
  tokensPerSession: undefined,
  attemptsPerSession: undefined,
}

/** Every setting of a merchant, in the order in which they are shown. */
export const MERCHANT_SETTINGS: readonly MerchantSetting[] = [
  {
    name: 'sessionKeys',
    flag: '--session-keys <policy>',
    description: 'a key for each session, or one for some seconds',
    choices: ['one-time', 'rotated'],
    default: 'one-time',
    read: (text) => change({ sessionKeys: parsePolicy(text) }),
    unset: { sessionKeys: 'one-time' },
    show: ({ sessionKeys }) => (sessionKeys === 'one-time' ? undefined : sessionKeys),
  },
  {
    name: 'tokensPerSession',
    flag: '--tokens-per-session <count>',
    description: 'transient tokens that a session may give',
    default: 'as the service is set',
    read: (text) => change({ tokensPerSession: parseCount(text) }),
    unset: { tokensPerSession: undefined },
    show: ({ tokensPerSession }) => tokensPerSession?.toString(),
  },
  {
    name: 'attemptsPerSession',
    flag: '--attempts-per-session <count>',
    description: 'opened attempts that a session may see',
    default: 'as the service is set',
    read: (text) => change({ attemptsPerSession: parseCount(text) }),
    unset: { attemptsPerSession: undefined },
    show: ({ attemptsPerSession }) => attemptsPerSession?.toString(),
  },
  {
    name: 'sessionSeconds',
    flag: '--session-seconds <seconds>',
    description: 'how long a session may be used, at most 900',
    default: String(LIFETIME_SECONDS),
    read: (text) => change({ sessionSeconds: parseLifetime(text) }),
    unset: { sessionSeconds: undefined },
    show: ({ sessionSeconds }) => sessionSeconds?.toString(),
  },
  {
    name: 'tokenSeconds',
    flag: '--token-seconds <seconds>',
    description: 'how long a transient token and its card are kept, at most 900',
    default: String(LIFETIME_SECONDS),
    read: (text) => change({ tokenSeconds: parseLifetime(text) }),
    unset: { tokenSeconds: undefined },
    show: ({ tokenSeconds }) => tokenSeconds?.toString(),
  },
  {
    name: 'usesPerToken',
    flag: '--uses-per-token <count>',
    description: 'how often a transient token may be used; 0: as often as one likes',
    default: 'as the service is set',
    read: (text) => change({ usesPerToken: text === '0' ? 0 : parseCount(text) }),
    unset: { usesPerToken: undefined },
    show: ({ usesPerToken }) => usesPerToken?.toString(),
  },
  {
    name: 'pageOrigins',
    flag: '--page-origins <origins>',
    description: 'https origins that its pages may have, between commas',
    default: 'none',
    read: (text) => change({ pageOrigins: parseOrigins(text) }),
    unset: { pageOrigins: undefined },
    show: ({ pageOrigins }) => pageOrigins?.join(', '),
  },
  {
    name: 'releaseCertificate',
    flag: '--release-certificate <file>',
    description: 'certificate (PEM or DER) to whose key its cards may be released',
    default: 'none',
    read: (path) => () => ({
      releaseCertificate: readCertificate(readBytes(path), systemClock).pem,
    }),
    unset: { releaseCertificate: undefined },
    show: ({ releaseCertificate: pem }) => (pem === undefined ? undefined : showCertificate(pem)),
  },
  {
    name: 'entitled',
    flag: '--entitled <yes|no>',
    description: 'whether its cards may be released to that certificate',
    default: 'no',
    read: (text) => change({ entitled: parseYesOrNo(text) }),
    unset: { entitled: undefined },
    show: ({ entitled }) => showYesOrNo(entitled),
  },
  {
    name: 'jwtV1',
    flag: '--jwt-v1 <yes|no>',
    description: 'whether its new credentials may sign JWTs of version 1 (see --allow-jwt-v1)',
    default: 'no',
    read: (text) => change({ jwtV1: parseYesOrNo(text) }),
    unset: { jwtV1: undefined },
    show: ({ jwtV1 }) => showYesOrNo(jwtV1),
  },
]

function change(changes: Partial<MerchantSettings>): () => Partial<MerchantSettings> {
  return () => changes
}

function parsePolicy(text: string): SessionKeyPolicy {
  if (text === 'one-time' || text === 'rotated') return text
  throw new InvalidArgumentError('It is one-time or rotated.')
}

function parseCount(text: string): number {
  if (/^[1-9][0-9]{0,3}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is a whole number from 1 to 9999.')
}

// Clients, and the times for which session keys are kept, count on nothing living longer.
function parseLifetime(text: string): number {
  if (/^[1-9][0-9]{0,2}$/.test(text) && Number(text) <= LIFETIME_SECONDS) return Number(text)
  throw new InvalidArgumentError(`It is a whole number of seconds from 1 to ${LIFETIME_SECONDS}.`)
}

function parseOrigins(text: string): readonly string[] {
  const origins = httpsOrigins.read(text)
  if (origins !== undefined) return origins
  throw new InvalidArgumentError(
    'It is https origins without a path, such as https://shop.example.com, with commas between them.',
  )
}

function parseYesOrNo(text: string): boolean {
  if (text === 'yes' || text === 'no') return text === 'yes'
  throw new InvalidArgumentError('It is yes or no.')
}

function showYesOrNo(value: boolean | undefined): string | undefined {
  if (value === undefined) return undefined
  return value ? 'yes' : 'no'
}

function showCertificate(pem: string): string {
  const { subject, validToDate, fingerprint256 } = new X509Certificate(pem)
  const name = subject.replaceAll('\n', ', ')
  const sha256 = fingerprint256.replaceAll(':', '').toLowerCase()
  return `${name}, until ${validToDate.toISOString().slice(0, 10)}, SHA-256 ${sha256}`
}
