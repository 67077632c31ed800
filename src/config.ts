import { readConfigurationFile } from './configuration-file.ts'
import { OperatorError, UsageError } from './errors.ts'
import { nearest } from './nearest.ts'
import type { JsonObject } from './protocol/parse.ts'
import { Secret } from './secret.ts'
import {
  SETTING_LIST,
  settingNames,
  SETTINGS,
  VARIABLE_PREFIX,
  type SettingName,
  type Settings,
} from './setting-table.ts'

/** Everything that can be configured. Durations carry their unit in the name. */
export type Config = Settings & {
  /** The root key's base64 text, by environment only; it wins over `rootKeyFile`, unless a flag names that. */
  readonly rootKey: Secret | undefined
  /** The user PIN of the token, by environment only. */
  readonly pkcs11Pin: Secret | undefined
}

const ROOT_KEY_VARIABLE = `${VARIABLE_PREFIX}ROOT_KEY`
const PIN_VARIABLE = `${VARIABLE_PREFIX}PKCS11_PIN`

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
  const meant = typeof given === 'string' ? nearest(given, kind.choices ?? []) : undefined
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
      ([name, value]) =>
        name.startsWith(VARIABLE_PREFIX) && value !== undefined && !known.includes(name),
    )
    .map(([name]) => ({ name, nearest: nearestVariable(name, known) }))
}

function variableNames(): readonly string[] {
  return [...SETTING_LIST.map(({ variable }) => variable), ROOT_KEY_VARIABLE, PIN_VARIABLE]
}

/** The prefix, which all have, must not make them all alike. */
function nearestVariable(name: string, known: readonly string[]): string | undefined {
  const found = nearest(
    name.slice(VARIABLE_PREFIX.length),
    known.map((variable) => variable.slice(VARIABLE_PREFIX.length)),
  )
  return found === undefined ? undefined : VARIABLE_PREFIX + found
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
  const meant = name.startsWith(VARIABLE_PREFIX)
    ? nearestVariable(name, known)
    : nearest(name, known)
  const list = `Known are: ${known.join(', ')}.`
  return meant === undefined ? list : `Did you mean ${meant}? ${list}`
}
