import type { KeyObject } from 'node:crypto'
import { ServiceError } from '../errors.ts'
import { decodeJws, verifyJws } from '../jose/jws.ts'
import { parseCaptureContext, type ContextEntry } from '../protocol/capture-context.ts'
import { stringMember } from '../protocol/parse.ts'
import type { Sealer } from '../store/sealed-records.ts'
import { openSession, type RememberedSession } from './sealed-session.ts'

/** A session as its verified capture context describes it. */
export interface OpenedSession extends RememberedSession {
  readonly entries: readonly ContextEntry[]
}

interface OpenNeeds {
  readonly signingKeys: {
    /** Finds a long-term key that still verifies; undefined when there is none of this kid. */
    find(kid: string): { readonly publicKey: KeyObject } | undefined
  }
  readonly sealer: Sealer
  /** Seconds since the epoch. */
  readonly seconds: number
}

/**
 * Opens the capture context that came inside a JWE. Three things make it good, together: our signature, the session key's
 * kid in `flx.jwk`, and a `flx.data` that was sealed here for that kid.
 *
 * @param kid - the kid of the session key that decrypted the JWE.
 * @throws ServiceError `VALIDATION_FAILED` at `context` when it is another's, `SESSION_KEY_NOT_FOUND` when it has expired.
 */
export function openContext(context: string, kid: string, needs: OpenNeeds): OpenedSession {
  const jws = decodeJws(context)
  if (jws === undefined) throw notOurs()
  const signingKey = needs.signingKeys.find(stringMember(jws.header, 'kid') ?? '')
  if (signingKey === undefined || !verifyJws(jws, signingKey.publicKey)) throw notOurs()
  const claims = parseCaptureContext(jws.claims)
  if (claims === undefined || claims.flx.jwk.kid !== kid) throw notOurs()
  const session = openSession(claims.flx.data, kid, needs.sealer)
  if (session === undefined || session.expiresAt !== claims.exp) throw notOurs()
  if (claims.exp <= needs.seconds) throw sessionKeyNotFound(kid)
  return { ...session, entries: claims.ctx }
}

function notOurs(): ServiceError {
  const details = [
    { location: 'context', message: 'is not the capture context of this session key' },
  ]
  return new ServiceError('VALIDATION_FAILED', { details })
}

/** The refusal of a kid whose session has expired or was never opened. `kid` must have the form of a session kid. */
export function sessionKeyNotFound(kid: string): ServiceError {
  return new ServiceError('SESSION_KEY_NOT_FOUND', {
    about: ` ${kid}`,
    details: [{ location: 'keyId', message: 'is unknown or has expired' }],
  })
}
