import { binOf, maskPan } from '../card/pan.ts'
import type { CardData, FieldPath } from './field-catalogue.ts'
import { nest, type Tree } from './nest.ts'
import { numberMember, objectMember, stringMember, type JsonObject } from './parse.ts'

/** A leaf of `content`: what may be shown of one submitted field. */
export type ContentLeaf =
  | { readonly maskedValue: string; readonly bin: string }
  | { readonly value: string }
  | Readonly<Record<string, never>>

/** The claims of a transient token, in the order of the wire. */
export interface TransientToken {
  readonly iss: string
  /** Seconds since the epoch. */
  readonly exp: number
  /** The type of the `ctx` entry that was used, such as `api-0.1.0`. */
  readonly type: string
  /** Seconds since the epoch. */
  readonly iat: number
  /** 64 characters of `[0-9A-Z]`; whoever holds it and is its merchant may use the token. */
  readonly jti: string
  /** The tree of the submitted fields, masked. Absent in tokens issued before mid-2021. */
  readonly content?: Tree<ContentLeaf> | JsonObject
}

interface TransientTokenInput {
  /** Two digits of the site, such as `08`. */
  readonly site: string
  readonly type: string
  /** Seconds since the epoch. */
  readonly issuedAt: number
  /** Seconds since the epoch; when the stored card data expires. */
  readonly expiresAt: number
  readonly jti: string
  readonly cardData: CardData
}

/** Builds the claims of a transient token. Nothing of the security code and no whole number is in them. */
export function createTransientToken(input: TransientTokenInput): TransientToken {
  return {
    iss: `Flex/${input.site}`,
    exp: input.expiresAt,
    type: input.type,
    iat: input.issuedAt,
    jti: input.jti,
    content: nest([...input.cardData].map(([path, value]) => [path, contentLeaf(path, value)])),
  }
}

const SHOWN_IN_CLEAR: ReadonlySet<FieldPath> = new Set([
  'paymentInformation.card.expirationMonth',
  'paymentInformation.card.expirationYear',
  'paymentInformation.card.type',
])

function contentLeaf(path: FieldPath, value: string): ContentLeaf {
  if (path === 'paymentInformation.card.number') {
    return { maskedValue: maskPan(value), bin: binOf(value, 6) }
  }
  return SHOWN_IN_CLEAR.has(path) ? { value } : {}
}

/**
 * Parses the claims of a transient token; undefined when a member is missing or of the wrong type.
 *
 * Nothing is verified here: not the signature, not the time.
 */
export function parseTransientToken(claims: JsonObject): TransientToken | undefined {
  const iss = stringMember(claims, 'iss')
  const exp = numberMember(claims, 'exp')
  const type = stringMember(claims, 'type')
  const iat = numberMember(claims, 'iat')
  const jti = stringMember(claims, 'jti')
  const content = objectMember(claims, 'content')
  if (iss === undefined || exp === undefined || type === undefined) return undefined
  if (iat === undefined || jti === undefined) return undefined
  return { iss, exp, type, iat, jti, ...(content === undefined ? {} : { content }) }
}
