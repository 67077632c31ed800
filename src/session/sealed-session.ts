import { open, seal, SealError } from '../jose/seal.ts'
import { booleanMember, numberMember, parseJsonObject } from '../protocol/parse.ts'
import type { Sealer } from '../store/sealed-records.ts'

const KIND = 'flx.data'

/** How much one session may do. */
export interface SessionLimits {
  /** How many transient tokens it may give. */
  readonly tokens: number
  /** How many attempts it may see that could be decrypted, the successful ones included. */
  readonly attempts: number
  /** How often each of its tokens may be used. Undefined means as often as one likes. */
  readonly uses?: number | undefined
}

/** What the service remembers of a session, in the session's own `flx.data`. */
export interface RememberedSession extends SessionLimits {
  readonly merchantId: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
  /** How long its tokens may be used, in seconds. Undefined means the longest. */
  readonly tokenSeconds?: number | undefined
  /** Whether its security codes are kept for their one use. Undefined means no: nobody could ask for them. */
  readonly keepsSecurityCode?: boolean | undefined
}

/** Seals a session for `flx.data` of the capture context whose key is `kid`. Returns standard base64. */
export function sealSession(session: RememberedSession, kid: string, sealer: Sealer): string {
  const { merchantId: owner, expiresAt, tokens, attempts, ...rest } = session
  const { uses, tokenSeconds, keepsSecurityCode } = rest
  const remembered = { tokens, attempts, uses, tokenSeconds, keepsSecurityCode }
  const content = Buffer.from(JSON.stringify(remembered), 'utf8')
  const sealing = { kind: KIND, name: kid, owner, expiresAt, content }
  return seal(sealer.active, sealing, (count) => sealer.randomBytes(count)).toString('base64')
}

/** Opens the `flx.data` of a session key's context; undefined when it was not sealed here for this kid. */
export function openSession(
  data: string,
  kid: string,
  sealer: Sealer,
): RememberedSession | undefined {
  try {
    const place = { kind: KIND, name: kid }
    const opened = open(Buffer.from(data, 'base64'), place, (id) => sealer.find(id))
    const members = parseJsonObject(opened.content.toString('utf8')) ?? {}
    const tokens = numberMember(members, 'tokens')
    const attempts = numberMember(members, 'attempts')
    if (tokens === undefined || attempts === undefined) return undefined
    const uses = numberMember(members, 'uses')
    const tokenSeconds = numberMember(members, 'tokenSeconds')
    const keepsSecurityCode = booleanMember(members, 'keepsSecurityCode')
    return {
      merchantId: opened.owner,
      expiresAt: opened.expiresAt ?? 0,
      tokens,
      attempts,
      ...(uses === undefined ? {} : { uses }),
      ...(tokenSeconds === undefined ? {} : { tokenSeconds }),
      ...(keepsSecurityCode === undefined ? {} : { keepsSecurityCode }),
    }
  } catch (error) {
    if (error instanceof SealError) return undefined
    throw error
  }
}
