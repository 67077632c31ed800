import { createToken } from '../client/create-token.ts'
import type { Client } from '../client/create-client.ts'
import { localError } from '../client/flex-error.ts'
import type { PublicJwk } from '../client/get-public-key.ts'
import { verifyCaptureContext } from '../client/verify-capture-context.ts'
import type { Emulator } from '../dev/emulator.ts'
import { publicNumbers } from '../jose/jwk.ts'
import { decodeJws } from '../jose/jws.ts'
import { loadSigningKeys } from '../keys/signing-keys.ts'
import { parseCaptureContext } from '../protocol/capture-context.ts'
import { fieldsOf, toCardData, type TokenInput } from './token-input.ts'

/** How a transient token is created. */
export interface CreateTestTokenOptions {
  /** The capture context of a session that was opened by whom is tested. Default is a session that is opened for it. */
  readonly captureContext?: string
  /** Which merchant opens the session. Default is the bundled one. */
  readonly merchant?: string
}

interface TokenNeeds {
  readonly emulator: Emulator
  readonly fetch: typeof fetch
  /** Throws OperatorError when there is no such merchant. */
  clientOf(merchant: string | undefined): Client
}

/**
 * Creates a transient token as a merchant and its shopper would, by HTTP, so that the requests are recorded and meet faults.
 *
 * The time is left to the service to judge: a capture context that has expired is posted all the same.
 *
 * @throws FlexError with the service's reason, or when what it answers cannot be used; OperatorError when the input is wrong.
 */
export async function createTestToken(
  needs: TokenNeeds,
  input: TokenInput,
  { captureContext, merchant }: CreateTestTokenOptions,
): Promise<string> {
  const { emulator, clientOf } = needs
  const data = toCardData(input, emulator.clock.now())
  const client = clientOf(merchant)
  const jwt =
    captureContext ?? (await client.generateFlexAPICaptureContext({ fields: fieldsOf(data) }))
  const claims = parseCaptureContext(decodeJws(jwt)?.claims ?? {})
  const verified = await verifyCaptureContext(jwt, {
    publicKey: (kid) => findKey(emulator, kid),
    origins: [emulator.url, ...(claims === undefined ? [] : [claims.flx.origin])],
    currentDate: new Date(Math.min(claims?.iat ?? 0, claims?.exp ?? 0) * 1000),
  })
  // The context names the host that its session was opened by, which a client may have taken from its vendor.
  const toEmulator: typeof fetch = (target, init) => {
    const { pathname } = new URL(target instanceof Request ? target.url : target)
    return needs.fetch(emulator.url + pathname, init)
  }
  return createToken({ captureContext: verified, data, fetch: toEmulator })
}

async function findKey({ store, sealer, clock }: Emulator, kid: string): Promise<PublicJwk> {
  const key = (await loadSigningKeys(store, sealer, clock.now)).find(kid)
  if (key !== undefined) return { kid, kty: 'RSA', ...publicNumbers(key.publicKey) }
  throw localError('CAPTURE_CONTEXT_INVALID', 'no signing key of the emulator has its kid.')
}
