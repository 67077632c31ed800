import { decodeJws } from '../jose/jws.ts'
import { decodeJsonPart } from '../jose/compact.ts'
import { parseJti } from '../protocol/jti.ts'
import { objectMember, parseJsonObject, stringMember } from '../protocol/parse.ts'
import type { Exchange } from './exchange.ts'

/** What a request has to do with: its session, by kid and by the jti of the capture context, and its transient token. */
export interface Links {
  readonly kid: string | null
  readonly contextJti: string | null
  readonly jti: string | null
}

/** What links are read from: a request that has been answered. */
interface Answered {
  readonly exchange: Exchange
  readonly requestBody: string
  readonly replyBody: string
  readonly status: number
}

type ReadLinks = (answered: Answered) => Partial<Links>

const READERS: Readonly<Record<string, ReadLinks>> = {
  generateFlexAPICaptureContext: readContext,
  createTransientToken: (answered) => ({ ...readTokenRequest(answered), ...readToken(answered) }),
  getPaymentDetailsByJti: readReference,
  getPaymentDetailsByToken: readReference,
  getPaymentCredentials: readReference,
}

/** Reads what a request has to do with. Nothing is verified: what a refused request names is taken as it says. */
export function readLinks(answered: Answered): Links {
  const { operation = '', kid } = answered.exchange
  const read = (Object.hasOwn(READERS, operation) ? READERS[operation] : readPayment) ?? readPayment
  return { kid: kid ?? null, contextJti: null, jti: null, ...read(answered) }
}

function readContext({ replyBody, status }: Answered): Partial<Links> {
  const claims = status === 201 ? decodeJws(replyBody)?.claims : undefined
  if (claims === undefined) return {}
  const kid = stringMember(objectMember(objectMember(claims, 'flx') ?? {}, 'jwk') ?? {}, 'kid')
  return { kid: kid ?? null, contextJti: stringMember(claims, 'jti') ?? null }
}

function readTokenRequest({ requestBody }: Answered): Partial<Links> {
  const text = requestBody.trimStart()
  const jwe = text.startsWith('{') ? stringMember(parseJsonObject(text) ?? {}, 'keyId') : text
  const kid = stringMember(decodeJsonPart(jwe?.split('.', 1)[0] ?? '') ?? {}, 'kid')
  return kid === undefined || !/^\w{1,64}$/.test(kid) ? {} : { kid }
}

function readToken({ replyBody, status }: Answered): Partial<Links> {
  if (status !== 201) return {}
  return { jti: stringMember(decodeJws(replyBody)?.claims ?? {}, 'jti') ?? null }
}

function readReference({ exchange }: Answered): Partial<Links> {
  const last = (exchange.target.split('?', 1)[0] ?? '').split('/').at(-1) ?? ''
  return { jti: jtiOf(last) }
}

/** A payment names its token as `transientTokenJwt` or as `jti`, in `tokenInformation`. */
function readPayment({ requestBody }: Answered): Partial<Links> {
  if (!requestBody.includes('"tokenInformation"')) return {}
  const token = objectMember(parseJsonObject(requestBody) ?? {}, 'tokenInformation') ?? {}
  const named = stringMember(token, 'transientTokenJwt') ?? stringMember(token, 'jti')
  return { jti: named === undefined ? null : jtiOf(named) }
}

function jtiOf(reference: string): string | null {
  const jti = reference.includes('.')
    ? stringMember(decodeJws(reference)?.claims ?? {}, 'jti')
    : reference
  return jti !== undefined && parseJti(jti) !== undefined ? jti : null
}
