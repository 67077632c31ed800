import { basename, dirname } from 'node:path'

/** The ways in which an official client can sign. */
export type ClientAuthentication = 'http_signature' | 'jwt_shared_secret' | 'jwt_p12'

/** How it is known that lines are right. */
type Evidence = 'tried' | 'from its source' | 'from its documentation'

/** What a client that signs with a shared secret is told. */
export interface SecretClient {
  readonly merchantId: string
  readonly keyId: string
  /** In base64. */
  readonly secret: string
}

/** What a client that signs with a p12 is told. */
export interface P12Client {
  readonly merchantId: string
  /** The path of its file. */
  readonly p12: string
  readonly password: string
}

/** The lines that point one official client at this service. */
export interface ClientConfiguration {
  readonly language: string
  readonly authentication: ClientAuthentication
  readonly evidence: Evidence
  readonly lines: readonly string[]
}

/** What clients have a name for, in the order of the lines. */
type Property =
  | 'authentication'
  | 'jwtKeyType'
  | 'environment'
  | 'url'
  | 'merchantId'
  | 'keyId'
  | 'secret'
  | 'directory'
  | 'file'
  | 'alias'
  | 'password'

type Values = Readonly<Partial<Record<Property, string>>>

interface Language {
  readonly language: string
  readonly evidence: Readonly<Record<ClientAuthentication, Evidence>>
  /** How it calls what is to be set; what it has no name for is left out. */
  readonly names: Readonly<Partial<Record<Property, string>>>
  /** Whether it wants the kind of authentication in capitals. */
  readonly capitals: boolean
  readonly quote: '"' | "'"
  /** Writes a line; the value is in quotes already. */
  write(name: string, value: string): string
}

const FROM_SOURCE = {
  http_signature: 'from its source',
  jwt_shared_secret: 'from its documentation',
  jwt_p12: 'from its documentation',
} as const

const COMMON_NAMES = {
  authentication: 'authenticationType',
  jwtKeyType: 'jwtKeyType',
  url: 'intermediateHost',
  merchantId: 'merchantID',
  keyId: 'merchantKeyId',
  secret: 'merchantsecretKey',
  directory: 'keysDirectory',
  file: 'keyFilename',
  alias: 'keyAlias',
  password: 'keyPass',
} as const

const LANGUAGES: readonly Language[] = [
  {
    language: 'Node',
    evidence: { http_signature: 'tried', jwt_shared_secret: 'tried', jwt_p12: 'tried' },
    names: { ...COMMON_NAMES, environment: 'runEnvironment', file: 'keyFileName' },
    capitals: false,
    quote: "'",
    write: (name, value) => `${name}: ${value},`,
  },
  {
    language: 'PHP',
    evidence: { ...FROM_SOURCE, http_signature: 'tried', jwt_p12: 'tried' },
    names: {
      authentication: 'AuthenticationType',
      jwtKeyType: 'JwtKeyType',
      url: 'IntermediateHost',
      merchantId: 'MerchantID',
      keyId: 'ApiKeyID',
      secret: 'SecretKey',
      directory: 'KeysDirectory',
      file: 'KeyFileName',
      alias: 'KeyAlias',
      password: 'KeyPassword',
    },
    capitals: true,
    quote: "'",
    write: (name, value) => `$merchantConfig->set${name}(${value});`,
  },
  {
    language: 'Python',
    evidence: FROM_SOURCE,
    names: {
      authentication: 'authentication_type',
      jwtKeyType: 'jwt_key_type',
      url: 'IntermediateHost',
      merchantId: 'merchantid',
      keyId: 'merchant_keyid',
      secret: 'merchant_secretkey',
      directory: 'keys_directory',
      file: 'key_file_name',
      alias: 'key_alias',
      password: 'key_password',
    },
    capitals: false,
    quote: "'",
    write: (name, value) => `config['${name}'] = ${value}`,
  },
  {
    language: 'Java',
    evidence: FROM_SOURCE,
    names: { ...COMMON_NAMES, file: 'keyFileName' },
    capitals: false,
    quote: '"',
    write: (name, value) => `props.setProperty("${name}", ${value});`,
  },
  {
    language: '.NET',
    evidence: { ...FROM_SOURCE, jwt_shared_secret: 'from its source' },
    names: COMMON_NAMES,
    capitals: true,
    quote: '"',
    write: (name, value) => `_configurationDictionary.Add("${name}", ${value});`,
  },
  {
    language: 'Ruby',
    evidence: FROM_SOURCE,
    names: COMMON_NAMES,
    capitals: false,
    quote: "'",
    write: (name, value) => `configurationDictionary['${name}'] = ${value}`,
  },
]

/** Returns what to set in the configuration of each official client, for one way to sign. */
export function clientConfigurations(
  client: SecretClient | P12Client,
  authentication: ClientAuthentication,
  url: string,
): readonly ClientConfiguration[] {
  const values: Values = { ...WAYS[authentication], ...valuesOf(client), url }
  return LANGUAGES.map((language) => ({
    language: language.language,
    authentication,
    evidence: language.evidence[authentication],
    lines: linesOf(language, values),
  }))
}

/** The ways to sign of a client. */
export function authenticationsOf(
  client: SecretClient | P12Client,
): readonly ClientAuthentication[] {
  return 'secret' in client ? ['http_signature', 'jwt_shared_secret'] : ['jwt_p12']
}

const WAYS: Readonly<Record<ClientAuthentication, Values>> = {
  http_signature: { authentication: 'http_signature' },
  jwt_shared_secret: { authentication: 'jwt', jwtKeyType: 'SHARED_SECRET' },
  jwt_p12: { authentication: 'jwt' },
}

function valuesOf(client: SecretClient | P12Client): Values {
  const common = { environment: 'apitest.cybersource.com', merchantId: client.merchantId }
  if ('secret' in client) return { ...common, keyId: client.keyId, secret: client.secret }
  const { merchantId, p12, password } = client
  // The PHP client joins folder and file without a slash of its own, and all of them add the ending.
  const place = { directory: `${dirname(p12)}/`, file: basename(p12).replace(/\.p12$/, '') }
  return { ...common, ...place, alias: merchantId, password }
}

const ORDER: readonly Property[] = [
  'authentication',
  'jwtKeyType',
  'environment',
  'url',
  'merchantId',
  'keyId',
  'secret',
  'directory',
  'file',
  'alias',
  'password',
]

function linesOf({ names, capitals, quote, write }: Language, values: Values): readonly string[] {
  const lines: string[] = []
  for (const property of ORDER) {
    const [name, value] = [names[property], values[property]]
    if (name === undefined || value === undefined) continue
    const written = property === 'authentication' && capitals ? value.toUpperCase() : value
    const escaped = written.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`)
    lines.push(write(name, quote + escaped + quote))
  }
  return lines
}
