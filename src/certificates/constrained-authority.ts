import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import type { Now, Random } from '../clock-and-random.ts'
import {
  authority,
  keyUsage,
  noAuthority,
  onlyThisMachine,
  serverAuthentication,
  subjectAlternativeNames,
} from './extensions.ts'
import { signCertificate } from './sign-certificate.ts'

/** What making certificates needs. */
export interface CertificateNeeds {
  readonly now: Now
  readonly random: Random
}

/** A TLS server's certificate and its private key. */
export interface ServerCertificate {
  readonly certificatePem: string
  /** Unencrypted PKCS#8. */
  readonly keyPem: string
}

/** An authority whose certificates are good on this machine only. */
export interface ConstrainedAuthority {
  readonly caPem: string
  /**
   * Makes a key and signs a server's certificate for it. The hosts are not checked: for others than this machine's it is a
   * certificate that clients refuse.
   */
  certify(hosts: readonly string[]): Promise<ServerCertificate>
}

/**
 * Makes an authority that is name-constrained to this machine. Its private key exists in memory only, for as long as the
 * authority is referred to.
 */
export async function createConstrainedAuthority(
  needs: CertificateNeeds,
): Promise<ConstrainedAuthority> {
  const { privateKey, publicKey } = await makeKeyPair('ec', P256)
  const validity = validityFrom(needs.now())
  // Authorities of one name but different keys confuse trust stores.
  const name = { commonName: `Coatcheck local authority ${needs.random.bytes(4).toString('hex')}` }
  const issuer = { name, privateKey }
  const uses = keyUsage('keyCertSign', 'cRLSign')
  const extensions = [authority(), uses, serverAuthentication(), onlyThisMachine()]
  const draft = { subject: name, publicKey, ...validity, extensions }
  return {
    caPem: signCertificate(draft, issuer, needs.random),
    async certify(hosts) {
      const server = await makeKeyPair('ec', P256)
      const leaf = { subject: SERVER, publicKey: server.publicKey, ...validity }
      const names = subjectAlternativeNames(hosts)
      const ofLeaf = [noAuthority(), keyUsage('digitalSignature'), serverAuthentication(), names]
      return {
        certificatePem: signCertificate({ ...leaf, extensions: ofLeaf }, issuer, needs.random),
        keyPem: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      }
    },
  }
}

const SERVER = { commonName: 'localhost' }

const makeKeyPair = promisify(generateKeyPair)
const P256 = { namedCurve: 'P-256' }

/** Clocks of containers and virtual machines lag. */
const BACKDATED_SECONDS = 3600
/** Apple's systems refuse more than 825. */
const VALID_DAYS = 820

function validityFrom(now: Date): { readonly notBefore: Date; readonly notAfter: Date } {
  const notBefore = new Date(now.getTime() - BACKDATED_SECONDS * 1000)
  return { notBefore, notAfter: new Date(now.getTime() + VALID_DAYS * 86_400_000) }
}
