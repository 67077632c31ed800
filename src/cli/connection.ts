import { existsSync } from 'node:fs'
import { InvalidArgumentError, Option, type Command } from 'commander'
import type { Authentication } from '../client/credentials.ts'
import { parseOrigin } from '../client/origin.ts'
import { OperatorError } from '../errors.ts'
import { parseJsonObject, stringMember } from '../protocol/parse.ts'
import type { Printer } from './print.ts'
import { readTextFile } from './read-text.ts'

/** Where `coatcheck dev` listens. */
export const DEFAULT_URL = 'http://127.0.0.1:4010'
/** In the folder where `coatcheck dev` keeps its data. */
export const DEV_CREDENTIALS_FILE = '.coatcheck/credentials.json'

const LOOPBACK = /^https?:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/

/** Tells whether an origin is of this machine. */
export function isLoopback(url: string): boolean {
  return LOOPBACK.test(url)
}

/** The options that {@link addConnection} adds. */
export interface ConnectionOptions {
  readonly url?: string
  readonly credentials?: string
  readonly authentication?: Authentication
}

/** Adds the option that says where the service is. */
export function addUrl(command: Command): Command {
  const option = new Option('--url <origin>', `address of the service (default ${DEFAULT_URL})`)
  return command.addOption(option.argParser(parseUrl))
}

/** Adds the options that say where a service is: its credentials file, such as `coatcheck dev` leaves, names it too. */
export function addControl(command: Command): Command {
  return addUrl(command)
    .option(
      '--credentials <file>',
      `credentials file that names it (default: ${DEV_CREDENTIALS_FILE})`,
    )
    .option('--json', 'print JSON')
}

/** Adds the options that say where the service is and as whom it is talked to. */
export function addConnection(command: Command): Command {
  const authentication = new Option('--authentication <scheme>', 'how requests are signed')
  return addUrl(command)
    .option(
      '--credentials <file>',
      `JSON file with url, merchantId, keyId and secret, as "coatcheck dev --credentials <file>" writes it (default on loopback: ${DEV_CREDENTIALS_FILE})`,
    )
    .addOption(authentication.choices(['jwt', 'http_signature']).default('jwt'))
}

/** Adds the option that lists where card data may go beside the service itself. */
export function addOrigins(command: Command): Command {
  const option = new Option(
    '--origin <origin>',
    'a further origin that may receive card data (flx.origin); repeatable',
  )
  return command.addOption(option.argParser(addParsedOrigin))
}

function addParsedOrigin(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, parseUrl(text)]
}

/** Reads an origin from the command line. */
function parseUrl(text: string): string {
  const origin = parseOrigin(text)
  if (origin !== undefined) return origin
  throw new InvalidArgumentError(
    'It must be an http or https origin without a path, such as https://pay.example.com.',
  )
}

/** A merchant's credentials and the service that they are for. */
export interface Connection {
  readonly url: string
  readonly merchantId: string
  readonly keyId: string
  readonly secret: string
  readonly authentication: Authentication
}

/** Returns the address of the service: `--url`, else the one in the credentials file, else that of `coatcheck dev`. */
export function readUrl(options: ConnectionOptions): string {
  return options.url ?? readCredentials(options)?.url ?? DEFAULT_URL
}

/**
 * Reads whom to be, and where.
 *
 * @throws OperatorError when there are no credentials. Those that `coatcheck dev` leaves are taken on loopback only.
 */
export function readConnection(options: ConnectionOptions): Connection {
  const { authentication = 'jwt' } = options
  const credentials = readCredentials(options)
  const url = options.url ?? credentials?.url ?? DEFAULT_URL
  if (credentials !== undefined) return { ...credentials, url, authentication }
  throw new OperatorError(
    'There are no credentials to open a session with.',
    `Run "coatcheck dev --credentials ${DEV_CREDENTIALS_FILE}" in this folder, or name a file with --credentials.`,
  )
}

/**
 * Returns the origins that may receive card data: the service, and those of `--origin`. `localhost` stands for its two
 * addresses too, because the emulator names the one on which it was called.
 */
export function allowedOrigins(url: string, origins: readonly string[] = []): readonly string[] {
  const { protocol, hostname, port } = new URL(url)
  const aliases = hostname === 'localhost' ? ['127.0.0.1', '[::1]'] : []
  return [url, ...origins, ...aliases.map((host) => new URL(`${protocol}//${host}:${port}`).origin)]
}

/** Says on standard error what plain http off loopback gives away. */
export function notePlainHttp(printer: Printer, url: string): void {
  if (url.startsWith('https:') || isLoopback(url)) return
  printer.note(
    `${url} is plain http: whoever is in between can read tokens and put keys of their own in place.`,
  )
}

type Credentials = Omit<Connection, 'url' | 'authentication'> & { readonly url: string | undefined }

function readCredentials({ credentials, url }: ConnectionOptions): Credentials | undefined {
  if (credentials !== undefined) return readFile(credentials)
  if (!existsSync(DEV_CREDENTIALS_FILE)) return undefined
  const ofDev = readFile(DEV_CREDENTIALS_FILE)
  return isLoopback(url ?? ofDev.url ?? DEFAULT_URL) ? ofDev : undefined
}

function readFile(path: string): Credentials {
  const members = parseJsonObject(readTextFile(path, 'the credentials')) ?? {}
  const [merchantId, keyId, secret, written] = ['merchantId', 'keyId', 'secret', 'url'].map(
    (name) => stringMember(members, name),
  )
  const url = written === undefined ? undefined : parseOrigin(written)
  const isUrlRight = written === undefined || url !== undefined
  if (isUrlRight && merchantId && keyId && secret) return { url, merchantId, keyId, secret }
  throw new OperatorError(
    `${path} is not a credentials file.`,
    'It must be JSON like {"url":"http://127.0.0.1:4010","merchantId":"…","keyId":"…","secret":"<base64>"}.',
  )
}
