import { chainOf, readServerCertificate } from '../../certificates/read-server-certificate.ts'
import { systemClock } from '../../clock-and-random.ts'
import type { Config } from '../../config.ts'
import { OperatorError } from '../../errors.ts'
import { checkTlsFiles, isForeignCertificate, tlsFiles } from '../serve-tls.ts'
import type { TlsFacts } from './facts.ts'

/** Reads the certificate with which the vault would speak TLS, as "coatcheck serve" reads it. */
export function observeTls(config: Config): TlsFacts | OperatorError | undefined {
  const files = tlsFiles(config)
  if (files === undefined) return checkTlsFiles(config)
  try {
    const { certificatePem } = readServerCertificate(files, systemClock)
    const ends = chainOf(certificatePem).map(({ validToDate }) => validToDate.getTime())
    return {
      notAfter: Math.floor(Math.min(...ends) / 1000),
      isForOrigin: !isForeignCertificate(config, certificatePem),
    }
  } catch (error) {
    if (error instanceof OperatorError) return error
    throw error
  }
}
