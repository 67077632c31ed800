import { X509Certificate } from 'node:crypto'
import { checkServerIdentity } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import {
  readServerCertificate,
  type ServerCertificateFiles,
} from '../certificates/read-server-certificate.ts'
import { systemClock } from '../clock-and-random.ts'
import type { Config } from '../config.ts'
import { OperatorError } from '../errors.ts'
import { addSecureListener, type SecureListener } from '../http/secure-listener.ts'
import type { Logger } from '../telemetry/logger.ts'
import { watchFiles } from './watch-files.ts'

/** Returns where the vault's certificate is; undefined when it speaks no TLS itself. */
export function tlsFiles({ tlsCertFile, tlsKeyFile }: Config): ServerCertificateFiles | undefined {
  if (tlsCertFile === '' || tlsKeyFile === '') return undefined
  return { certFile: tlsCertFile, keyFile: tlsKeyFile }
}

/** Says what is wrong with the certificate's files and how to mend it; undefined when they are good, or none is named. */
export function checkTlsFiles(config: Config): OperatorError | undefined {
  const { tlsCertFile, tlsKeyFile } = config
  const files = tlsFiles(config)
  if (files === undefined) {
    if (tlsCertFile === tlsKeyFile) return undefined
    return new OperatorError(
      'Of the certificate and its key only one is named.',
      'Name both, with --tls-cert-file and --tls-key-file.',
    )
  }
  try {
    readServerCertificate(files, systemClock)
    return undefined
  } catch (error) {
    if (error instanceof OperatorError) return error
    throw error
  }
}

/**
 * Tells whether callers of the public origin would refuse a certificate in PEM. A proxy in front may show them another, and
 * without an origin nobody knows.
 */
export function isForeignCertificate({ origin, proxies }: Config, pem: string): boolean {
  const host = hostOf(origin)
  if (proxies.length > 0 || host === undefined) return false
  return checkServerIdentity(host, new X509Certificate(pem).toLegacyObject()) !== undefined
}

function hostOf(origin: string): string | undefined {
  return URL.parse(origin)?.hostname.replace(/^\[(.*)\]$/, '$1')
}

/** Warns when callers of the public origin would refuse the certificate. */
export function noteForeignCertificate(config: Config, logger: Pick<Logger, 'warn'>): void {
  const files = tlsFiles(config)
  if (files === undefined) return
  const { certificatePem } = readServerCertificate(files, systemClock)
  if (!isForeignCertificate(config, certificatePem)) return
  logger.warn('the TLS certificate is not for the host of the public origin', {
    host: hostOf(config.origin),
    certifiedNames: new X509Certificate(certificatePem).subjectAltName,
  })
}

/**
 * Gives an application a TLS listener whose certificate follows its files. New files that are no good are logged, and the old
 * certificate stays.
 *
 * @throws OperatorError when the files are no good to begin with.
 */
export function addTls(
  app: FastifyInstance,
  files: ServerCertificateFiles,
  logger: Logger,
): SecureListener {
  const renew = (): void => {
    try {
      listener.renew(readServerCertificate(files, systemClock))
      logger.info('a new TLS certificate is used from now on')
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error
      const { problem, fix } = error
      logger.error('a new TLS certificate is no good; the old one stays', { problem, fix })
    }
  }
  // Before they are read: what changes in between is seen.
  const stopWatching = watchFiles([files.certFile, files.keyFile], renew)
  const listener = addSecureListener(app, {
    pair: readServerCertificate(files, systemClock),
    logger,
  })
  app.addHook('onClose', async () => stopWatching())
  return listener
}
