import { basename, dirname, join } from 'node:path'
import { launchProgram, launchUntilReady, type Ended, type Scope } from '../process.ts'
import type { Credentials } from '../cli/flow.ts'

/** A p12 file and its password. */
export interface P12 {
  readonly file: string
  readonly password: string
}

/** What a client needs, whichever way it signs. */
export interface CertifiedCredentials extends Credentials {
  readonly p12: P12
  readonly certificateSerialNumber: string
  /** The file of the certificate to which requests are encrypted. */
  readonly mleCertificate: string
  /** The file of the private key to which cards are released. */
  readonly releaseKey: string
}

/** Starts `coatcheck dev` on a free port and returns what a client needs. */
export async function startEmulator(scope: Scope): Promise<Credentials> {
  const { ready } = await launchUntilReady(scope, ['dev', '--port', '0', '--ephemeral'])
  return ready as Credentials
}

/** Starts `coatcheck dev` with a certificate beside the secret. */
export async function startCertifiedEmulator(scope: Scope): Promise<CertifiedCredentials> {
  const args = ['dev', '--port', '0', '--ephemeral', '--credentials', 'flex.json']
  const { ready } = await launchUntilReady(scope, args)
  return ready as CertifiedCredentials
}

/** The environment by which the clients of this folder are told where to call, and as whom. */
export function clientEnvironment(credentials: Credentials): Readonly<Record<string, string>> {
  const { url, merchantId, keyId, secret } = credentials
  return {
    BASE: url,
    // What goes into the Host header: the vendor's address, as in the configuration that the banner prints.
    RUN_ENVIRONMENT: 'apitest.cybersource.com',
    MERCHANT_ID: merchantId,
    KEY_ID: keyId,
    SECRET: secret,
  }
}

/** The environment by which the Node client finds its p12, whose name it wants without `.p12`. */
export function p12Environment({ file, password }: P12): Readonly<Record<string, string>> {
  return { P12_DIR: dirname(file), P12_NAME: basename(file, '.p12'), P12_PASS: password }
}

const NODE_CLIENT = join(import.meta.dirname, 'node-client.cjs')

/** What a client is told beside where to call and as whom; see the head of node-client.cjs. */
export type Environment = Readonly<Record<string, string>>

/** Makes one call with an official Node client. */
export function callOfficially(
  scope: Scope,
  credentials: CertifiedCredentials,
  environment: Environment,
): Promise<Ended> {
  const common = { ...clientEnvironment(credentials), ...p12Environment(credentials.p12) }
  return launchProgram(scope, ['node', NODE_CLIENT], {
    environment: { ...common, ...environment },
  }).ended
}

/** Decodes the claims of a JWT without verifying it. */
export function decodeClaims(jwt: string): Readonly<Record<string, unknown>> {
  const text = Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()
  return JSON.parse(text) as Readonly<Record<string, unknown>>
}

/** Parses JSON whose texts may be JSON again: the Node client hands errors over so. */
export function parseNested(text: string): Readonly<Record<string, unknown>> {
  let value: unknown = text
  while (typeof value === 'string') value = JSON.parse(value)
  return value as Readonly<Record<string, unknown>>
}
