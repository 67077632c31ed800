import { epochSeconds, systemClock } from '../clock-and-random.ts'
import type { Credential, Merchant } from '../merchant/merchant.ts'
import { MERCHANT_SETTINGS } from './merchant-settings.ts'

/** A credential as it is listed. Nothing secret is in it. */
export interface ShowableCredential {
  readonly keyId: string
  readonly kind: Credential['kind']
  readonly state: 'live' | 'revoked' | 'expired'
  /** Seconds since the epoch. */
  readonly createdAt: number
  readonly allows: Credential['allows']
}

/** A merchant as it is listed: what was set of it, and its credentials. */
export interface ShowableMerchant extends Omit<
  Merchant,
  'tokensPerSession' | 'attemptsPerSession' | 'disabledAt'
> {
  readonly disabledAt?: number
  readonly credentials: readonly ShowableCredential[]
}

/** Makes what is listed of a credential. */
export function showableCredential(credential: Credential): ShowableCredential {
  const { keyId, kind, createdAt, allows } = credential
  return { keyId, kind, state: stateOf(credential), createdAt, allows }
}

function stateOf(credential: Credential): ShowableCredential['state'] {
  if (credential.revokedAt !== undefined) return 'revoked'
  const hasExpired =
    credential.kind !== 'shared-secret' && credential.notAfter <= epochSeconds(systemClock)
  return hasExpired ? 'expired' : 'live'
}

/** Makes what is listed of a merchant, out of everybody's credentials. */
export function showableMerchant(
  { disabledAt, tokensPerSession, attemptsPerSession, ...merchant }: Merchant,
  credentials: readonly Credential[],
): ShowableMerchant {
  return {
    ...merchant,
    ...(tokensPerSession === undefined ? {} : { tokensPerSession }),
    ...(attemptsPerSession === undefined ? {} : { attemptsPerSession }),
    ...(disabledAt === undefined ? {} : { disabledAt }),
    credentials: credentials
      .filter(({ merchantId }) => merchantId === merchant.id)
      .map(showableCredential),
  }
}

/** Writes a merchant for people, a line each: settings, those that were not set marked as defaults, and credentials. */
export function merchantRows(merchant: Merchant, credentials: readonly Credential[]): string {
  const { id, createdAt, disabledAt } = merchant
  const settings = MERCHANT_SETTINGS.map(
    ({ name, show, default: value }): readonly [string, string] => [
      name,
      show(merchant) ?? `${value} (default)`,
    ],
  )
  const rows: readonly (readonly [string, string])[] = [
    ['id', id],
    ['createdAt', timeOf(createdAt)],
    ...(disabledAt === undefined ? [] : [['disabledAt', timeOf(disabledAt)] as const]),
    ...settings,
    ...credentials
      .map(showableCredential)
      .map(({ keyId, kind, state }) => [kind, `${keyId}  ${state}`] as const),
  ]
  return rows.map(([name, value]) => `${name.padEnd(20)} ${value}`).join('\n')
}

/** Returns the names of the settings that were not set. */
export function defaultsOf(merchant: Merchant): readonly string[] {
  return MERCHANT_SETTINGS.filter(({ show }) => show(merchant) === undefined).map(
    ({ name }) => name,
  )
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
