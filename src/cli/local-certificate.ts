import { createPrivateKey, X509Certificate } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createLocalAuthority, type LocalAuthority } from '../certificates/local-authority.ts'
import { systemClock, systemRandom } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import { readPrivateFile } from '../keys/private-file.ts'
import { writePrivately } from './write-privately.ts'

/** The certificate by which the emulator speaks TLS. */
export interface LocalCertificate extends LocalAuthority {
  /** The absolute path of the authority's certificate, which clients have to trust. */
  readonly caFile: string
}

const HOSTS = ['localhost', '127.0.0.1', '::1']
const RENEW_BEFORE_MILLISECONDS = 30 * 86_400_000

/**
 * Returns the certificate that is kept in a data folder, so that clients which trust its authority survive a restart; makes one
 * when there is none, or none that is good for another month. The authority's key is never written and signs nothing else.
 */
export async function keepLocalCertificate(data: string): Promise<LocalCertificate> {
  const [caFile, serverFile] = [resolve(data, 'ca.pem'), resolve(data, 'https.pem')]
  const kept = readKept(caFile, serverFile)
  if (kept !== undefined) return { ...kept, caFile }
  const made = await makeCertificate()
  writePrivately(serverFile, made.certificatePem + made.keyPem)
  writeAuthority(caFile, made)
  return { ...made, caFile }
}

/**
 * Makes a certificate for one run. Only that of its authority is written: into the file, or without one into a folder that
 * is gone at the end.
 */
export async function makeLocalCertificate(caFile: string | undefined): Promise<LocalCertificate> {
  const made = await makeCertificate()
  if (caFile !== undefined) {
    writeAuthority(caFile, made)
    return { ...made, caFile: resolve(caFile) }
  }
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const temporary = join(folder, 'ca.pem')
  writeAuthority(temporary, made)
  return { ...made, caFile: temporary }
}

function makeCertificate(): Promise<LocalAuthority> {
  return createLocalAuthority({ hosts: HOSTS, now: systemClock, random: systemRandom })
}

function writeAuthority(path: string, { caPem }: LocalAuthority): void {
  try {
    writeFileSync(path, caPem)
  } catch (cause) {
    throw new OperatorError(
      `The certificate of the local authority cannot be written to ${path}.`,
      'Name files in a folder that is there with --credentials, and a data folder of yours with --data.',
      cause,
    )
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/
const KEY = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n?/

const NAMED = {
  what: 'file of the local certificate and its key',
  fix: 'Start again: another is made.',
}

/** Reads what an earlier run has left; undefined when it is of no use. Throws OperatorError when others may read it. */
function readKept(caFile: string, serverFile: string): LocalAuthority | undefined {
  if (!existsSync(serverFile)) return undefined
  const server = readPrivateFile(serverFile, NAMED)
  try {
    const caPem = readFileSync(caFile, 'utf8')
    const certificatePem = CERTIFICATE.exec(server)?.[0] ?? ''
    const keyPem = KEY.exec(server)?.[0] ?? ''
    const kept = { caPem, certificatePem, keyPem }
    return isGood(kept) ? kept : undefined
  } catch {
    return undefined
  }
}

function isGood({ caPem, certificatePem, keyPem }: LocalAuthority): boolean {
  const [authority, server] = [new X509Certificate(caPem), new X509Certificate(certificatePem)]
  const needed = systemClock().getTime() + RENEW_BEFORE_MILLISECONDS
  return (
    server.checkIssued(authority) &&
    server.verify(authority.publicKey) &&
    server.checkPrivateKey(createPrivateKey(keyPem)) &&
    [authority, server].every(({ validToDate }) => validToDate.getTime() > needed)
  )
}
