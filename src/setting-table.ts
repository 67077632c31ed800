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

/** Every setting: the names are the keys of the file, and make the environment variables and the flags. */
export const SETTINGS = {
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

/** A value for every setting. */
export type Settings = { readonly [Name in SettingName]: ValueOf<Name> }

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

/** What the name of every variable of ours begins with. */
export const VARIABLE_PREFIX = 'COATCHECK_'

/** Every setting, in the order of the documentation. */
export const SETTING_LIST: readonly Setting[] = settingNames().map((name) => {
  const words = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return {
    name,
    flag: `--${words}`,
    variable: VARIABLE_PREFIX + words.replaceAll('-', '_').toUpperCase(),
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

/** The name of every setting, in the order of the documentation. */
export function settingNames(): readonly SettingName[] {
  return Object.keys(SETTINGS).filter((name): name is SettingName => Object.hasOwn(SETTINGS, name))
}
