import { X509Certificate } from 'node:crypto'
import { OperatorError } from '../../errors.ts'
import { isForSigning, type Credential, type Merchant } from '../../merchant/merchant.ts'
import { dateInWords } from '../../inspect/time-in-words.ts'
import type { Facts, VaultFacts } from './facts.ts'
import { note, ok, problem, warning, type Finding } from './finding.ts'

const SOON_SECONDS = 30 * 24 * 3600

/** Judges merchants and what they sign with. */
export function checkCredentials({
  vault,
  clock,
}: Pick<Facts, 'vault' | 'clock'>): readonly Finding[] {
  if (vault === undefined || vault instanceof OperatorError) return []
  const { merchants, credentials, bundled } = vault
  if (merchants.length === 0) {
    return [problem('There is no merchant.', 'Run "coatcheck merchants add <id>".')]
  }
  const live = credentials.filter(({ revokedAt }) => revokedAt === undefined)
  const findings = [
    ...bundled.map(judgeBundled),
    ...merchants.flatMap((merchant) => judgeMerchant(merchant, live, clock.now)),
    ...merchants.flatMap((merchant) => judgeRelease(merchant, clock.now)),
    ...live.flatMap((credential) => judgeExpiry(credential, clock.now)),
    ...live.flatMap(judgeAllowances),
  ]
  return [ok(describeCount(vault, live.length)), ...findings]
}

function describeCount({ merchants }: VaultFacts, live: number): string {
  const count = merchants.length === 1 ? '1 merchant' : `${merchants.length} merchants`
  return `The store has ${count} and ${live === 1 ? '1 live credential' : `${live} live credentials`}.`
}

function judgeBundled(keyId: string): Finding {
  return problem(
    `The credential ${keyId} is the published one of dev mode: everybody knows its secret.`,
    'Use another store, made by "coatcheck keys init".',
  )
}

function judgeMerchant(
  { id, disabledAt }: Merchant,
  live: readonly Credential[],
  now: number,
): readonly Finding[] {
  if (disabledAt !== undefined) {
    const fix = `Run "coatcheck merchants enable ${id}", or remove it.`
    return [note(`The merchant ${id} is disabled.`, fix)]
  }
  const own = live.filter(({ merchantId }) => merchantId === id)
  if (own.some((credential) => isForSigning(credential) && !isExpired(credential, now))) return []
  return [
    warning(
      `The merchant ${id} has no usable credential: everything it asks for is refused.`,
      `Run "coatcheck credentials add ${id}", or "coatcheck merchants remove ${id}".`,
    ),
  ]
}

/** Judges whether the cards of a merchant can be released, where they may be. */
function judgeRelease(
  { id, entitled = false, releaseCertificate }: Merchant,
  now: number,
): readonly Finding[] {
  if (!entitled) return []
  const fix = `Run "coatcheck merchants set ${id} --release-certificate <file>".`
  if (releaseCertificate === undefined) {
    const what = `The cards of ${id} may be released, and there is no certificate to release them to.`
    return [note(what, fix)]
  }
  const { validToDate } = new X509Certificate(releaseCertificate)
  const notAfter = Math.floor(validToDate.getTime() / 1000)
  return judgeEnd(`The certificate to which cards of ${id} are released`, notAfter, { now, fix })
}

function isExpired(credential: Credential, now: number): boolean {
  return credential.kind !== 'shared-secret' && credential.notAfter <= now
}

const RENEWALS = {
  certificate: (merchantId: string) => `rotate ${merchantId} --p12 <file>`,
  'mle-certificate': (merchantId: string) => `add ${merchantId} --mle-certificate <file>`,
} as const

function judgeExpiry(credential: Credential, now: number): readonly Finding[] {
  if (credential.kind === 'shared-secret') return []
  const { kind, keyId, merchantId, notAfter } = credential
  const renewal = `coatcheck credentials ${RENEWALS[kind](merchantId)}`
  const fix = `Run "${renewal}", change the client, then revoke ${keyId}.`
  return judgeEnd(`The certificate ${keyId} of ${merchantId}`, notAfter, { now, fix })
}

function judgeEnd(
  whose: string,
  notAfter: number,
  { now, fix }: { readonly now: number; readonly fix: string },
): readonly Finding[] {
  if (notAfter <= now) return [problem(`${whose} expired on ${dateInWords(notAfter)}.`, fix)]
  if (notAfter - now > SOON_SECONDS) return []
  return [warning(`${whose} expires on ${dateInWords(notAfter)}.`, fix)]
}

function judgeAllowances({ keyId, merchantId, allows }: Credential): readonly Finding[] {
  const fix = `Update the client, add a credential without it ("coatcheck credentials rotate ${merchantId}"), then revoke ${keyId}.`
  const whose = `The credential ${keyId} of ${merchantId}`
  return [
    ...(allows.jwtV1
      ? [note(`${whose} may use JWT version 1, which is bound to no path.`, fix)]
      : []),
    ...(allows.undated
      ? [warning(`${whose} may sign without a date: what is overheard once is good for ever.`, fix)]
      : []),
  ]
}
