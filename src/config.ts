import { readConfigurationFile } from './configuration-file.ts'
import { OperatorError, UsageError } from './errors.ts'
import { nearest } from './nearest.ts'
import type { JsonObject } from './protocol/parse.ts'
import { Secret } from './secret.ts'
import {
  httpsOrigins,
  oneOf,
  storeAddress,
  text,
  textOrNothing,
  texts,
  whole,
  type Kind,
} from './setting-kinds.ts'

interface SettingEntry<Value> {
  readonly kind: Kind<Value>
  readonly description: string
  readonly default: Value
}

const address = { kind: text, default: '127.0.0.1' } as const
const port = whole(0, 65_535)
const count = whole(1, 1_000_000)
const seconds = whole(1, 3600)
const days = whole(1, 36_500)
const noTexts: readonly string[] = []

// One table: its names are the keys of the file, and make the environment variables and the flags.
const SETTINGS = {
  host: { ...address, description: 'address to listen on' },
  port: { kind: port, default: 4010, description: 'port to listen on; 0 takes a free one' },
  operatorHost: { ...address, description: 'address of the operators’ listener' },
  operatorPort: { kind: port, default: 4011, description: 'port of the operators’ listener' },
  store: {
    kind: storeAddress,
    default: new Secret('sqlite'),
    description:
      'sqlite for the embedded store, or the URL of a database (postgres://…, redis://…)',
  },
  storeFile: {
    kind: textOrNothing,
    default: '',
    description: 'file that holds the store’s URL, readable by its owner only',
  },
  data: { kind: text, default: 'coatcheck-data', description: 'folder of the embedded store' },
  rootKeyFile: {
    kind: text,
    default: 'coatcheck-root.key',
    description: 'file that holds the root key',
  },
  rootKeyIn: {
    kind: oneOf('file', 'hsm', 'shares'),
    default: 'file',
    description:
      'where the root key is: file (or the environment), hsm, or shares that people give',
  },
  unlockSocket: {
    kind: textOrNothing,
    default: '',
    description:
      'socket on which serve takes shares from "coatcheck keys unlock"; without it unlock.sock in the data folder',
  },
  signingKeysIn: {
    kind: oneOf('store', 'hsm'),
    default: 'store',
    description: 'where new signing keys are made and kept: store (sealed) or hsm',
  },
  pkcs11Module: {
    kind: textOrNothing,
    default: '',
    description: 'PKCS#11 module of the HSM, such as /usr/lib/softhsm/libsofthsm2.so',
  },
  pkcs11Token: { kind: textOrNothing, default: '', description: 'label of the token in the HSM' },
  pkcs11PinFile: {
    kind: textOrNothing,
    default: '',
    description: 'file that holds the user PIN of the token, readable by its owner only',
  },
  pkcs11KeyLabel: {
    kind: text,
    default: 'coatcheck-root',
    description: 'label of the root key in the token',
  },
  origin: {
    kind: textOrNothing,
    default: '',
    description: 'public origin, such as https://pay.example.com',
  },
  pageOrigins: {
    kind: httpsOrigins,
    default: noTexts,
    description: 'https origins whose pages may create tokens, between commas',
  },
  tlsCertFile: {
    kind: textOrNothing,
    default: '',
    description:
      'certificate to speak TLS with (PEM, issuers behind it); read anew when it changes',
  },
  tlsKeyFile: {
    kind: textOrNothing,
    default: '',
    description: 'private key of that certificate (PEM), readable by its owner only',
  },
  proxies: {
    kind: texts,
    default: noTexts,
    description: 'addresses of the proxies in front of the service, between commas',
  },
  workers: {
    kind: whole(0, 256),
    default: 0,
    description: 'worker processes; 0 means one per core',
  },
  drainMilliseconds: {
    kind: whole(0, 60_000),
    default: 3000,
    description:
      'how long requests are still accepted after SIGTERM, while /readyz says 503; more than proxies take to see it',
  },
  poolTarget: { kind: count, default: 512, description: 'one-time session keys to keep ready' },
  rotatedPoolTarget: {
    kind: count,
    default: 8,
    description: 'keys to keep ready for rotated session keys',
  },
  keyWaitMilliseconds: {
    kind: whole(1, 30_000),
    default: 2000,
    description: 'how long a session may wait for its key',
  },
  tokensPerSession: {
    kind: count,
    default: 1,
    description: 'transient tokens that one session may give',
  },
  attemptsPerSession: {
    kind: count,
    default: 5,
    description: 'opened attempts that one session may see',
  },
  usesPerToken: {
    kind: whole(0, 9999),
    default: 0,
    description:
      'payments or releases that one transient token is good for; 0: as many as one likes while it lives',
  },
  rotateSessions: {
    kind: count,
    default: 10_000,
    description: 'sessions that a rotated key serves at most',
  },
  rotateSeconds: {
    kind: seconds,
    default: 10,
    description: 'seconds that a rotated key serves at most',
  },
  rotateSigningDays: {
    kind: days,
    default: 90,
    description: 'days after which a signing key is replaced',
  },
  rotateSealingDays: {
    kind: days,
    default: 90,
    description: 'days after which a sealing key is replaced',
  },
  rotateAuditDays: {
    kind: days,
    default: 90,
    description: 'days after which the key that signs the audit trail is replaced',
  },
  keyStageSeconds: {
    kind: whole(5, 86_400),
    default: 3900,
    description:
      'seconds that a new signing, sealing or audit key is known before it is used; more than others cache public keys',
  },
  clockToleranceSeconds: {
    kind: seconds,
    default: 300,
    description: 'seconds that a merchant’s clock may be off',
  },
  logLevel: {
    kind: oneOf('info', 'warn', 'error', 'silent'),
    default: 'info',
    description: 'least level that is logged: info, warn, error or silent',
  },
} as const satisfies Record<string, SettingEntry<unknown>>

/** The name of a setting. */
export type SettingName = keyof typeof SETTINGS

type ValueOf<Name extends SettingName> =
  (typeof SETTINGS)[Name]['kind'] extends Kind<infer Value> ? Value : never

type Settings = { readonly [Name in SettingName]: ValueOf<Name> }

/** Everything that can be configured. Durations carry their unit in the name. */
export type Config = Settings & {
  /** The root key's base64 text, by environment only; it wins over `rootKeyFile`, unless a flag names that. */
  readonly rootKey: Secret | undefined
  /** The user PIN of the token, by environment only. */
  readonly pkcs11Pin: Secret | undefined
}

/** One setting, as documentation and flags show it. */
export interface Setting {
  readonly name: SettingName
  /** Such as `--root-key-file`. */
  readonly flag: string
  /** Such as `COATCHECK_ROOT_KEY_FILE`. */
  readonly variable: string
  readonly description: string
  /** The default as text; empty where there is none. */
  readonly default: string
  /** Every value that it may have, where they are few. */
  readonly choices?: readonly string[]
}

const PREFIX = 'COATCHECK_'
const ROOT_KEY_VARIABLE = `${PREFIX}ROOT_KEY`
const PIN_VARIABLE = `${PREFIX}PKCS11_PIN`

/** Every setting, in the order of the documentation. */
export const SETTING_LIST: readonly Setting[] = settingNames().map((name) => {
  const words = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return {
    name,
    flag: `--${words}`,
    variable: PREFIX + words.replaceAll('-', '_').toUpperCase(),
    description: SETTINGS[name].description,
    default: showDefault(SETTINGS[name].default),
    ...choicesOf(SETTINGS[name].kind),
  }
})

// What a setting is without being set is no secret.
function showDefault(value: unknown): string {
  return value instanceof Secret ? value.reveal() : String(value)
}

function choicesOf({ choices }: Kind<unknown>): Pick<Setting, 'choices'> {
  return choices === undefined ? {} : { choices }
}

interface Sources {
  /** A JSON file; undefined means none. */
  readonly file: string | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Flags by setting name, as typed. */
  readonly flags: Readonly<Partial<Record<SettingName, string>>>
  /** What takes the place of a setting's default. */
  readonly defaults: Partial<Config>
}

/**
 * Reads the configuration: flags win over the environment, that over the file, that over the defaults.
 *
 * @throws OperatorError for what is unknown, of the wrong form (UsageError when it is of a flag), given twice or not to be
 *   read: never a fallback.
 */
export function readConfig({ file, environment, flags, defaults }: Sources): Config {
  const given: JsonObject = {
    ...defaults,
    ...(file === undefined ? {} : readFile(file)),
    ...readEnvironment(environment),
    ...flags,
  }
  const settings: Record<string, unknown> = {}
  for (const name of settingNames()) {
    settings[name] = readSetting(name, given[name], { environment, flags })
  }
  if (!isComplete(settings)) throw new TypeError('a setting has no value')
  return { ...settings, ...readSecrets(environment, flags) }
}

function readSecrets(
  environment: Sources['environment'],
  { rootKeyFile }: Sources['flags'],
): Pick<Config, 'rootKey' | 'pkcs11Pin'> {
  const secret = (variable: string): Secret | undefined => {
    const value = environment[variable]
    return value === undefined ? undefined : new Secret(value)
  }
  const rootKey = rootKeyFile === undefined ? secret(ROOT_KEY_VARIABLE) : undefined
  if (rootKey !== undefined && environment[`${ROOT_KEY_VARIABLE}_FILE`] !== undefined) {
    throw new OperatorError(
      `The root key is given twice, by ${ROOT_KEY_VARIABLE} and by ${ROOT_KEY_VARIABLE}_FILE.`,
      'Unset one of them, or name the file with --root-key-file.',
    )
  }
  return { rootKey, pkcs11Pin: secret(PIN_VARIABLE) }
}

function readSetting(name: SettingName, given: unknown, sources: NamedSources): unknown {
  if (given === undefined) return SETTINGS[name].default
  const { kind, description } = SETTINGS[name]
  const value = kind.read(given)
  if (value !== undefined) return value
  const meant =
    typeof given === 'string' ? nearest(given, choicesOf(kind).choices ?? []) : undefined
  const Mistake = sources.flags[name] === undefined ? OperatorError : UsageError
  throw new Mistake(
    `The setting ${name} (${description}) is not ${kind.form}.`,
    `Correct ${sourceOf(name, sources)}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`,
  )
}

type NamedSources = Pick<Sources, 'environment' | 'flags'>

/** Names where the value of a setting comes from. */
function sourceOf(name: SettingName, { environment, flags }: NamedSources): string {
  const setting = SETTING_LIST.find((candidate) => candidate.name === name)
  if (flags[name] !== undefined) return `${setting?.flag}`
  if (environment[setting?.variable ?? ''] !== undefined)
    return `${setting?.variable} in the environment`
  return `"${name}" in the configuration file`
}

function isComplete(settings: JsonObject): settings is Settings {
  return settingNames().every((name) => SETTINGS[name].kind.read(settings[name]) !== undefined)
}

/** Reads the environment of this process; the only reader of `process.env`. */
export function processEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env
}

function settingNames(): readonly SettingName[] {
  return Object.keys(SETTINGS).filter((name): name is SettingName => Object.hasOwn(SETTINGS, name))
}

function readFile(path: string): JsonObject {
  const members = readConfigurationFile(path)
  for (const name of Object.keys(members)) {
    if (Object.hasOwn(SETTINGS, name)) continue
    throw new OperatorError(
      `${path} has an unknown setting "${name}".`,
      suggest(name, settingNames()),
    )
  }
  return members
}

function readEnvironment(environment: Sources['environment']): JsonObject {
  const [unknown] = findUnknownVariables(environment)
  if (unknown !== undefined) {
    throw new OperatorError(
      `The environment has an unknown variable ${unknown.name}.`,
      suggest(unknown.name, variableNames()),
    )
  }
  const given = SETTING_LIST.map(({ name, variable }) => [name, environment[variable]] as const)
  return Object.fromEntries(given.filter(([, value]) => value !== undefined))
}

/** Finds the variables that look like ours and are none, each with the one that was probably meant. */
export function findUnknownVariables(
  environment: Sources['environment'],
): readonly { readonly name: string; readonly nearest: string | undefined }[] {
  const known = variableNames()
  return Object.entries(environment)
    .filter(
      ([name, value]) => name.startsWith(PREFIX) && value !== undefined && !known.includes(name),
    )
    .map(([name]) => ({ name, nearest: nearestVariable(name, known) }))
}

function variableNames(): readonly string[] {
  return [...SETTING_LIST.map(({ variable }) => variable), ROOT_KEY_VARIABLE, PIN_VARIABLE]
}

/** The prefix, which all have, must not make them all alike. */
function nearestVariable(name: string, known: readonly string[]): string | undefined {
  const found = nearest(
    name.slice(PREFIX.length),
    known.map((variable) => variable.slice(PREFIX.length)),
  )
  return found === undefined ? undefined : PREFIX + found
}

/** Says how to be rid of a variable that Kubernetes sets for a Service named coatcheck; undefined of any other. */
export function serviceLinkFix(name: string): string | undefined {
  return /_SERVICE_(?:HOST|PORT)|_PORT_\d/.test(name)
    ? 'Kubernetes sets it for a Service: set enableServiceLinks to false for the pod.'
    : undefined
}

function suggest(name: string, known: readonly string[]): string {
  const ofKubernetes = serviceLinkFix(name)
  if (ofKubernetes !== undefined) return ofKubernetes
  const meant = name.startsWith(PREFIX) ? nearestVariable(name, known) : nearest(name, known)
  const list = `Known are: ${known.join(', ')}.`
  return meant === undefined ? list : `Did you mean ${meant}? ${list}`
}
