import { CompactEncrypt } from 'jose/jwe/compact/encrypt'
import type { ContextEntry, SessionJwk } from '../protocol/capture-context.ts'
import { parseJwtReply } from './compact-jwt.ts'
import type { FieldTree } from './field-tree.ts'
import { localError } from './flex-error.ts'
import { send, type Transport } from './send.ts'
import { VerifiedCaptureContext } from './verified-capture-context.ts'

/** Card data as it is submitted: the values of the session's fields. An empty string is an absent field. */
export type CardDataInput = FieldTree<string>

/** What a token is made of. */
export interface CreateTokenOptions extends Transport {
  /** The verified capture context: card data is never encrypted to a key that nobody vouches for. */
  readonly captureContext: VerifiedCaptureContext
  readonly data: CardDataInput
  /** How the content key is encrypted. Default is `RSA-OAEP` (SHA-1), the only one known to work with every service. */
  readonly alg?: 'RSA-OAEP' | 'RSA-OAEP-256'
}

/**
 * Encrypts card data to the session key (`A256GCM`), posts it to the session's address, and returns the transient token, a
 * bare JWT. Needs no credentials. Not yet verified (`verifyTransientToken`).
 *
 * The data is checked by the service alone; the faults are in `details` of the error.
 *
 * @throws FlexError `CAPTURE_CONTEXT_INVALID` when the context is not a verified one, `CAPTURE_CONTEXT_UNSUPPORTED`,
 * `ENCRYPTION_FAILED`, with the service's reason such as `VALIDATION_ERROR`, or those of the transport.
 */
export async function createToken(options: CreateTokenOptions): Promise<string> {
  const { captureContext, data, alg = 'RSA-OAEP', ...transport } = options
  if (!VerifiedCaptureContext.is(captureContext)) {
    throw localError('CAPTURE_CONTEXT_INVALID', 'it must come from verifyCaptureContext.')
  }
  const { flx, ctx } = captureContext.claims
  const { index, write } = chooseEntry(ctx)
  const plaintext = JSON.stringify({ data: write(data), context: captureContext.jwt, index })
  const body = await encrypt(plaintext, flx.jwk, alg)
  const headers = { accept: 'application/jwt', 'content-type': 'application/jwt; charset=utf-8' }
  const request = { method: 'POST', url: captureContext.tokensUrl, headers, body } as const
  return send(request, transport, parseJwtReply)
}

interface ChosenEntry {
  /** Its position in `ctx`. */
  readonly index: number
  readonly write: (data: CardDataInput) => object
}

/** The types of entries that are understood, best first, and how card data is written for them. */
const ENTRY_TYPES: readonly { readonly prefix: string; readonly write: ChosenEntry['write'] }[] = [
  { prefix: 'api-', write: (data) => data },
  { prefix: 'mf-', write: writeBareNames },
]

function writeBareNames({ paymentInformation, ...rest }: CardDataInput): object {
  return { ...paymentInformation?.card, ...rest }
}

function chooseEntry(ctx: readonly ContextEntry[]): ChosenEntry {
  for (const { prefix, write } of ENTRY_TYPES) {
    const index = ctx.findIndex(({ type }) => type.startsWith(prefix))
    if (index >= 0) return { index, write }
  }
  throw localError('CAPTURE_CONTEXT_UNSUPPORTED', 'none begins with api- or mf-.')
}

async function encrypt(
  plaintext: string,
  { kty, n, e, kid }: SessionJwk,
  alg: 'RSA-OAEP' | 'RSA-OAEP-256',
): Promise<string> {
  try {
    return await new CompactEncrypt(new TextEncoder().encode(plaintext))
      .setProtectedHeader({ kid, alg, enc: 'A256GCM' })
      .encrypt({ kty, n, e })
  } catch {
    throw localError('ENCRYPTION_FAILED', 'its key must be RSA of at least 2048 bits.')
  }
}
