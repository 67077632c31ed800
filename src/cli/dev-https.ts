import { InvalidArgumentError } from 'commander'
import type { FastifyInstance } from 'fastify'
import { addSecureListener } from '../http/secure-listener.ts'
import type { Logger } from '../telemetry/logger.ts'
import { listenSecurely } from './listen.ts'
import {
  keepLocalCertificate,
  makeLocalCertificate,
  type LocalCertificate,
} from './local-certificate.ts'
import { trustLines, type TrustLine } from './trust-authority.ts'

/** The port of https, unless another is asked for. */
export const HTTPS_PORT = 4443

/** The options of the command that https depends on. */
export interface HttpsOptions {
  readonly https?: true
  readonly httpsPort?: number
  readonly ephemeral?: true
  readonly credentials?: string
}

/** Where https is, and what clients have to trust. */
export interface Https {
  readonly url: string
  /** The absolute path of the authority's certificate. */
  readonly ca: string
  readonly trust: readonly TrustLine[]
}

/** Reads a port from the command line. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port <= 65_535) return port
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.')
}

interface HttpsNeeds extends HttpsOptions {
  readonly data: string
  readonly logger: Logger
}

/**
 * Gives an application, which must not be ready yet, a listener with a certificate for this machine, when that is asked for.
 *
 * @returns what makes it listen.
 */
export async function addHttps(
  app: FastifyInstance,
  needs: HttpsNeeds,
): Promise<((host: string) => Promise<Https>) | undefined> {
  const { https, httpsPort, logger } = needs
  if (https === undefined && httpsPort === undefined) return undefined
  const pair = await obtainCertificate(needs)
  const listener = addSecureListener(app, { pair, logger })
  return async (host) => ({
    url: await listenSecurely(listener, { host, port: httpsPort ?? HTTPS_PORT }, '--https-port'),
    ca: pair.caFile,
    trust: trustLines(pair.caFile, pair.caPem),
  })
}

function obtainCertificate({
  ephemeral,
  credentials,
  data,
}: HttpsNeeds): Promise<LocalCertificate> {
  if (!ephemeral) return keepLocalCertificate(data)
  return makeLocalCertificate(credentials === undefined ? undefined : `${credentials}.ca.pem`)
}
