import { readFileSync } from 'node:fs'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { OperatorError } from './errors.ts'
import { isJsonObject, type JsonObject } from './protocol/parse.ts'
import { Secret } from './secret.ts'

const Text = Type.String({ minLength: 1 })
const Texts = Type.Array(Text)
const Count = Type.Integer({ minimum: 1, maximum: 1_000_000 })
const Seconds = Type.Integer({ minimum: 1, maximum: 3600 })
const Port = Type.Integer({ minimum: 0, maximum: 65_535 })

// One schema: its members are the keys of the file, their names make the environment variables and the flags.
const ConfigSchema = Type.Object({
  host: Text,
  port: Port,
  operatorHost: Text,
  operatorPort: Port,
  data: Text,
  rootKeyFile: Text,
  origin: Type.Optional(Text),
  pageOrigins: Texts,
  proxies: Texts,
  workers: Type.Integer({ minimum: 0, maximum: 256 }),
  poolTarget: Count,
  rotatedPoolTarget: Count,
  keyWaitMilliseconds: Type.Integer({ minimum: 1, maximum: 30_000 }),
  tokensPerSession: Count,
  attemptsPerSession: Count,
  rotateSessions: Count,
  rotateSeconds: Seconds,
  clockToleranceSeconds: Seconds,
  logLevel: Type.Union([
    Type.Literal('info'),
    Type.Literal('warn'),
    Type.Literal('error'),
    Type.Literal('silent'),
  ]),
})

type Settings = Static<typeof ConfigSchema>

/** The name of a setting. */
export type SettingName = keyof Settings

interface Note {
  readonly description: string
  readonly default?: Settings[SettingName]
}

const NOTES: Readonly<Record<SettingName, Note>> = {
  host: { description: 'address to listen on', default: '127.0.0.1' },
  port: { description: 'port to listen on; 0 takes a free one', default: 4010 },
  operatorHost: { description: 'address of the operators’ listener', default: '127.0.0.1' },
  operatorPort: { description: 'port of the operators’ listener', default: 4011 },
  data: { description: 'folder of the embedded store', default: 'coatcheck-data' },
  rootKeyFile: { description: 'file that holds the root key', default: 'coatcheck-root.key' },
  origin: { description: 'public origin, such as https://pay.example.com' },
  pageOrigins: {
    description: 'origins whose pages may create tokens, between commas',
    default: [],
  },
  proxies: {
    description: 'addresses of the proxies in front of the service, between commas',
    default: [],
  },
  workers: { description: 'worker processes; 0 means one per core', default: 0 },
  poolTarget: { description: 'one-time session keys to keep ready', default: 512 },
  rotatedPoolTarget: { description: 'keys to keep ready for rotated session keys', default: 8 },
  keyWaitMilliseconds: { description: 'how long a session may wait for its key', default: 2000 },
  tokensPerSession: { description: 'transient tokens that one session may give', default: 1 },
  attemptsPerSession: { description: 'opened attempts that one session may see', default: 5 },
  rotateSessions: { description: 'sessions that a rotated key serves at most', default: 10_000 },
  rotateSeconds: { description: 'seconds that a rotated key serves at most', default: 10 },
  clockToleranceSeconds: {
    description: 'seconds that a merchant’s clock may be off',
    default: 300,
  },
  logLevel: {
    description: 'least level that is logged: info, warn, error or silent',
    default: 'info',
  },
}

/** Everything that can be configured. Durations carry their unit in the name. */
export type Config = Settings & {
  /** The root key's base64 text, by environment only; it wins over `rootKeyFile`. */
  readonly rootKey: Secret | undefined
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
}

const PREFIX = 'COATCHECK_'
const ROOT_KEY_VARIABLE = `${PREFIX}ROOT_KEY`

/** Every setting, in the order of the documentation. */
export const SETTING_LIST: readonly Setting[] = settingNames().map((name) => {
  const words = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return {
    name,
    flag: `--${words}`,
    variable: PREFIX + words.replaceAll('-', '_').toUpperCase(),
    description: NOTES[name].description,
    default: String(NOTES[name].default ?? ''),
  }
})

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
 * @throws OperatorError for an unknown key, a value of the wrong form, or a file that cannot be read: never a fallback.
 */
export function readConfig({ file, environment, flags, defaults }: Sources): Config {
  const given = {
    ...defaultsOf(),
    ...defaults,
    ...(file === undefined ? {} : readFile(file)),
    ...readEnvironment(environment),
    ...readFlags(flags),
  }
  const [fault] = Value.Errors(ConfigSchema, given)
  if (!Value.Check(ConfigSchema, given)) {
    const name = fault?.instancePath.split('/')[1] ?? ''
    throw new OperatorError(`The setting ${name} ${fault?.message ?? 'is wrong'}.`, fixOf(name))
  }
  const rootKey = environment[ROOT_KEY_VARIABLE]
  return { ...given, rootKey: rootKey === undefined ? undefined : new Secret(rootKey) }
}

/** Reads the environment of this process; the only reader of `process.env`. */
export function processEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env
}

function settingNames(): readonly SettingName[] {
  return Object.keys(NOTES).filter((name): name is SettingName => Object.hasOwn(NOTES, name))
}

function defaultsOf(): JsonObject {
  const defaults = settingNames().map((name) => [name, NOTES[name].default] as const)
  return Object.fromEntries(defaults.filter(([, value]) => value !== undefined))
}

function readFile(path: string): JsonObject {
  const members = parseFile(path)
  for (const name of Object.keys(members)) {
    if (Object.hasOwn(NOTES, name)) continue
    throw new OperatorError(
      `${path} has an unknown setting "${name}".`,
      `Known are: ${settingNames().join(', ')}.`,
    )
  }
  return members
}

function parseFile(path: string): JsonObject {
  try {
    const members: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (isJsonObject(members)) return members
  } catch (cause) {
    throw new OperatorError(
      `The configuration file ${path} cannot be read.`,
      'It must be a JSON object.',
      cause,
    )
  }
  throw new OperatorError(
    `The configuration file ${path} holds no JSON object.`,
    'Write {"port": 4010}, for example.',
  )
}

function readEnvironment(environment: Sources['environment']): JsonObject {
  const byVariable = new Map(SETTING_LIST.map((setting) => [setting.variable, setting.name]))
  const members: Record<string, unknown> = {}
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX) || variable === ROOT_KEY_VARIABLE || value === undefined)
      continue
    const name = byVariable.get(variable)
    if (name === undefined) {
      const known = [...byVariable.keys(), ROOT_KEY_VARIABLE].join(', ')
      throw new OperatorError(
        `The environment has an unknown variable ${variable}.`,
        `Known are: ${known}.`,
      )
    }
    members[name] = fromText(name, value)
  }
  return members
}

function readFlags(flags: Sources['flags']): JsonObject {
  const members: Record<string, unknown> = {}
  for (const name of settingNames()) {
    const value = flags[name]
    if (value !== undefined) members[name] = fromText(name, value)
  }
  return members
}

function fromText(name: SettingName, value: string): unknown {
  const schema = ConfigSchema.properties[name]
  if (Type.IsInteger(schema)) return /^[0-9]{1,9}$/.test(value) ? Number(value) : value
  if (Type.IsArray(schema)) return value.split(',').map((item) => item.trim())
  return value
}

function fixOf(name: string): string {
  const setting = SETTING_LIST.find((candidate) => candidate.name === name)
  if (setting === undefined) return 'See "coatcheck serve --help".'
  return `${setting.description}: set ${setting.flag}, ${setting.variable} or "${name}" in the file.`
}
