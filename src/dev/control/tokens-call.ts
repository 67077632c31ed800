import { createHmac, createPublicKey, hash, type KeyObject } from 'node:crypto'
import { epochSeconds } from '../../clock-and-random.ts'
import { OperatorError } from '../../errors.ts'
import { encryptJwe } from '../../jose/encrypt-jwe.ts'
import { decodeJws } from '../../jose/jws.ts'
import { encodeBase64Url } from '../../jose/compact.ts'
import { createAdministration } from '../../merchant/administration.ts'
import { parseCaptureContext } from '../../protocol/capture-context.ts'
import { isJsonObject, type JsonObject } from '../../protocol/parse.ts'
import { parseTransientToken } from '../../protocol/transient-token.ts'
import { BUNDLED_MERCHANT } from '../seed.ts'
import { readText, type ControlCall } from './call.ts'
import { ControlError } from './control-error.ts'
import type { ControlNeeds } from './state.ts'

const CARD_MEMBERS = [
  'number',
  'expirationMonth',
  'expirationYear',
  'securityCode',
  'type',
] as const
const YEARS_AHEAD = 3
const JWT_SECONDS = 120

/** What is drawn for a call. */
interface Draw {
  uuid(): string
  bytes(count: number): Buffer
}

/**
 * Creates a transient token in one call: opens a session as a merchant, encrypts, posts. Both requests go by HTTP, so that
 * they are recorded and meet faults like any other.
 *
 * @throws OperatorError for a call that is wrong; ControlError 502 with what the service replied when that refused.
 */
export async function createTokenAtOnce(
  needs: ControlNeeds,
  call: ControlCall,
  draw: Draw,
): Promise<object> {
  const data = readData(needs, call)
  const merchantId = readText(call, 'merchant') ?? BUNDLED_MERCHANT.merchantId
  const signer = await findSigner(needs, merchantId)
  const captureContext = await openSession(needs, { data, signer, jti: draw.uuid() })
  const claims = parseCaptureContext(decodeJws(captureContext)?.claims ?? {})
  if (claims === undefined) throw unexpected('a session')
  const { jwk } = claims.flx
  const publicKey = createPublicKey({ key: { ...jwk }, format: 'jwk' })
  const plaintext = JSON.stringify({ data, context: captureContext, index: 0 })
  const recipient = { kid: jwk.kid, publicKey, issuedAt: epochSeconds(needs.clock.now) }
  const jwe = encryptJwe(plaintext, recipient, (count) => draw.bytes(count))
  const token = await post(needs, { path: '/flex/v2/tokens', type: 'application/jwt', body: jwe })
  const read = parseTransientToken(decodeJws(token)?.claims ?? {})
  if (read === undefined) throw unexpected('a token')
  const { jti, exp, content = {} } = read
  const expiresAt = new Date(exp * 1000).toISOString()
  return { token, jti, kid: jwk.kid, expiresAt, captureContext, content }
}

function readData({ clock }: ControlNeeds, call: ControlCall): JsonObject {
  const { data } = call.body
  const card = CARD_MEMBERS.flatMap((name) => {
    const value = readText(call, name)
    return value === undefined ? [] : [[name, value] as const]
  })
  if (data === undefined) {
    const usual = {
      number: '4111111111111111',
      expirationMonth: '12',
      expirationYear: String(clock.now().getUTCFullYear() + YEARS_AHEAD),
    }
    return { paymentInformation: { card: { ...usual, ...Object.fromEntries(card) } } }
  }
  if (card.length > 0 || !isJsonObject(data)) {
    throw new OperatorError(
      '"data" is not right.',
      'It must be an object, the whole tree, without number and the like beside it.',
    )
  }
  return data
}

/** Declares every field that the data has. */
function fieldsOf(data: JsonObject): JsonObject {
  const fields = Object.entries(data).map(
    ([name, value]) => [name, isJsonObject(value) ? fieldsOf(value) : {}] as const,
  )
  return Object.fromEntries(fields)
}

interface Signer {
  readonly merchantId: string
  readonly keyId: string
  readonly secret: KeyObject
}

async function findSigner(
  { store, sealer, clock }: ControlNeeds,
  merchantId: string,
): Promise<Signer> {
  const administration = createAdministration({ store, sealer, now: clock.now })
  for (const credential of await administration.listCredentials(merchantId)) {
    if (credential.kind !== 'shared-secret' || credential.revokedAt !== undefined) continue
    return { merchantId, keyId: credential.keyId, secret: credential.secret }
  }
  throw new OperatorError(
    '"merchant" has no shared secret here.',
    'GET /_dev/merchants lists the merchants and their credentials.',
  )
}

interface Opening {
  readonly data: JsonObject
  readonly signer: Signer
  readonly jti: string
}

async function openSession(needs: ControlNeeds, { data, signer, jti }: Opening): Promise<string> {
  const path = '/flex/v2/sessions'
  const body = JSON.stringify({ fields: fieldsOf(data) })
  const iat = epochSeconds(needs.clock.signatures)
  const claims = {
    digest: hash('sha256', body, 'base64'),
    digestAlgorithm: 'SHA-256',
    iat,
    exp: iat + JWT_SECONDS,
    'request-method': 'post',
    'request-resource-path': path,
    iss: signer.merchantId,
    jti,
    'v-c-jwt-version': '2',
    'v-c-merchant-id': signer.merchantId,
  }
  const header = { typ: 'JWT', alg: 'HS256', kid: signer.keyId }
  const input = [header, claims].map((part) => encodeBase64Url(JSON.stringify(part))).join('.')
  const signature = createHmac('sha256', signer.secret).update(input).digest('base64url')
  const authorization = `Bearer ${input}.${signature}`
  return post(needs, { path, type: 'application/json', body, authorization })
}

interface Posting {
  readonly path: string
  readonly type: string
  readonly body: string
  readonly authorization?: string
}

async function post(
  { url }: ControlNeeds,
  { path, type, body, authorization }: Posting,
): Promise<string> {
  const headers = {
    'content-type': type,
    // None is left open to another emulator that may listen here next.
    connection: 'close',
    ...(authorization === undefined ? {} : { authorization }),
  }
  const fault = `The service did not answer ${path}`
  const reply = await fetch(url() + path, { method: 'POST', headers, body })
    .then(async (answer) => ({ status: answer.status, body: await answer.text() }))
    .catch(() => undefined)
  if (reply === undefined) {
    throw new ControlError(502, {
      problem: `${fault}.`,
      fix: 'A fault may be set: GET /_dev/faults.',
    })
  }
  if (reply.status === 201) return reply.body
  const problem = `The service refused ${path} with ${reply.status}.`
  throw new ControlError(reply.status >= 500 ? 502 : 400, {
    problem,
    fix: '"reply" says why.',
    reply,
  })
}

function unexpected(what: string): ControlError {
  return new ControlError(502, {
    problem: `What the service answered is not ${what}.`,
    fix: 'A fault may be set: GET /_dev/faults.',
  })
}
