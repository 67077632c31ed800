import { isIPv4 } from 'node:net'
import { OperatorError } from '../errors.ts'
import {
  createConstrainedAuthority,
  type CertificateNeeds,
  type ServerCertificate,
} from './constrained-authority.ts'

/** What a local authority is made for. */
export interface LocalAuthorityOptions extends CertificateNeeds {
  /** At least one of `localhost`, names below it, addresses in 127.0.0.0/8 and `::1`. */
  readonly hosts: readonly string[]
}

/** A TLS server's certificate for this machine, and the authority that clients have to trust. */
export interface LocalAuthority extends ServerCertificate {
  readonly caPem: string
}

/**
 * Makes an authority, lets it sign one server certificate, and forgets its private key, which was never written. It is
 * name-constrained to this machine, so that trusting it gives nobody a certificate for another host. Certificates are good
 * for 820 days.
 *
 * @throws OperatorError when a host is not one of this machine.
 */
export async function createLocalAuthority(
  options: LocalAuthorityOptions,
): Promise<LocalAuthority> {
  const { hosts, now, random } = options
  if (!hosts.every(isThisMachine)) {
    throw new OperatorError(
      'The local authority makes certificates for this machine only, and a host is not of it.',
      'Use localhost or a name below it, an address in 127.0.0.0/8, or ::1.',
    )
  }
  const authority = await createConstrainedAuthority({ now, random })
  return { caPem: authority.caPem, ...(await authority.certify(hosts)) }
}

const LOCAL_NAME = /^(?:[a-z\d-]+\.)*localhost$/

function isThisMachine(host: string): boolean {
  if (isIPv4(host)) return host.startsWith('127.')
  return host === '::1' || LOCAL_NAME.test(host)
}
