import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import type { Now, Random } from '../clock-and-random.ts'
import type { MleKey } from '../keys/mle-keys.ts'
import { keyUsage, noAuthority } from './extensions.ts'
import { signCertificate } from './sign-certificate.ts'
import type { NamedCertificate } from './write-p12.ts'

/** The CN by which official clients find the certificate in a p12, unless they are configured for another. */
export const MLE_ALIAS = 'CyberSource_SJC_US'

const VALID_DAYS = 3650

/** What a key of message-level encryption is made from. */
export interface MleCertificateOptions {
  /** The serial number in the subject, which clients send as `kid`: never that of an earlier key. */
  readonly kid: string
  readonly now: Now
  readonly random: Random
}

/** Makes an RSA-2048 key to which merchants encrypt requests, and its self-signed certificate, good for ten years. */
export async function createMleKey(options: MleCertificateOptions): Promise<MleKey> {
  const { kid, now, random } = options
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const name = { commonName: MLE_ALIAS, serialNumber: kid }
  const notBefore = now()
  const notAfter = new Date(notBefore.getTime() + VALID_DAYS * 86_400_000)
  const extensions = [noAuthority(), keyUsage('keyEncipherment')]
  const draft = { subject: name, publicKey, notBefore, notAfter, extensions }
  return { kid, privateKey, certificate: signCertificate(draft, { name, privateKey }, random) }
}

/** The certificate of a key as a p12 lists it beside that of a merchant. */
export function nameMleCertificate({ kid, certificate }: MleKey): NamedCertificate {
  return { friendlyName: `serialNumber=${kid},CN=${MLE_ALIAS}`, certificatePem: certificate }
}
