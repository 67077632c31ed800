import { hash } from 'node:crypto'
import {
  isFieldPath,
  withoutSecurityCode,
  type CardData,
  type FieldPath,
} from '../protocol/field-catalogue.ts'
import { expiryDigits } from '../protocol/jti.ts'
import { numberMember, parseJsonObject } from '../protocol/parse.ts'
import type { StoredRecord, Write } from '../store/contract.ts'
import { openRecord, sealedWrite, type Sealer } from '../store/sealed-records.ts'

const SECURITY_CODE = 'paymentInformation.card.securityCode'

/** Card data to be stored under a transient token's jti. */
export interface StoredCard {
  readonly merchantId: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
  readonly cardData: CardData
  /** How often it may be used. Undefined means as often as one likes. */
  readonly uses?: number | undefined
}

/**
 * The name of a token's records, which the store knows instead of the jti: its expiry, then its SHA-256. What is written
 * together lies together in an index whose names begin with the time: far fewer pages change.
 */
export function cardRecordName(jti: string): string {
  return expiryDigits(jti) + hash('sha256', jti, 'base64url')
}

/**
 * Makes the writes that store card data, the security code in a record of its own. The jti is part of the key and is not
 * stored: the store and every sealing key together open no card.
 */
export function storeCardWrites(jti: string, card: StoredCard, sealer: Sealer): readonly Write[] {
  const common = {
    name: cardRecordName(jti),
    secret: jti,
    owner: card.merchantId,
    expiresAt: card.expiresAt,
  }
  const securityCode = card.cardData.get(SECURITY_CODE)
  const shown = Object.fromEntries(withoutSecurityCode(card.cardData))
  const members = { ...shown, uses: card.uses }
  const content = Buffer.from(JSON.stringify(members), 'utf8')
  const writes = [sealedWrite('put-new', { ...common, kind: 'card', content }, sealer)]
  if (securityCode !== undefined) {
    const code = Buffer.from(securityCode, 'utf8')
    writes.push(sealedWrite('put-new', { ...common, kind: 'security-code', content: code }, sealer))
    code.fill(0)
  }
  content.fill(0)
  return writes
}

/** The writes that take a security code: they are refused when it was taken before, and destroy it. */
export function takeSecurityCodeWrites(jti: string): readonly Write[] {
  const place = { kind: 'security-code', name: cardRecordName(jti) } as const
  // The count is the guard: of two that take at once, the store lets one.
  return [
    { op: 'count', ...place, limits: { issued: 1 } },
    { op: 'delete', ...place },
  ]
}

/**
 * The writes that count a use of a token: they are refused when it was used as often as it may be. The last use erases
 * the card.
 */
export function useTokenWrites(jti: string, { uses }: Pick<StoredCard, 'uses'>): readonly Write[] {
  if (uses === undefined) return []
  return [{ op: 'count', kind: 'card', name: cardRecordName(jti), limits: { issued: uses } }]
}

/**
 * Opens a stored security code. It may be told to nobody before {@link takeSecurityCodeWrites} were written.
 *
 * @throws SealError when the record was changed or moved.
 */
export function openSecurityCode(record: StoredRecord, jti: string, sealer: Sealer): string {
  const place = { kind: 'security-code', name: cardRecordName(jti), secret: jti }
  const { content } = openRecord(record, place, sealer)
  const code = content.toString('utf8')
  content.fill(0)
  return code
}

/**
 * Opens stored card data, without the security code.
 *
 * @throws SealError when the record was changed or moved.
 */
export function openCard(record: StoredRecord, jti: string, sealer: Sealer): StoredCard {
  const place = { kind: 'card', name: cardRecordName(jti), secret: jti }
  const { owner, expiresAt, content } = openRecord(record, place, sealer)
  const members = parseJsonObject(content.toString('utf8')) ?? {}
  content.fill(0)
  const cardData = new Map<FieldPath, string>()
  for (const [path, value] of Object.entries(members)) {
    if (isFieldPath(path) && typeof value === 'string') cardData.set(path, value)
  }
  const uses = numberMember(members, 'uses')
  return { merchantId: owner, expiresAt: expiresAt ?? 0, cardData, uses }
}
