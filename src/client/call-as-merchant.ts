import type { Credentials } from './credentials.ts'
import { send, type ParseReply, type Transport } from './send.ts'
import type { SignRequest } from './sign-request.ts'

/** One merchant at one service. */
export interface Merchant {
  readonly origin: string
  readonly host: string
  readonly credentials: Credentials
  readonly sign: SignRequest
  readonly transport: Omit<Transport, 'signal'>
  readonly now: () => Date
}

/** What one call may have of its own. */
export type CallOptions = Pick<Transport, 'signal'>

/** A call before it is signed. */
export interface Call {
  readonly method: 'GET' | 'POST'
  /** A path that needs no percent-encoding. */
  readonly path: string
  /** The media type asked for. */
  readonly accept: string
  /** Sent as JSON. Default is no body. */
  readonly json?: unknown
}

/** Makes one authenticated call and returns what `parse` reads from its reply. Throws as `send` does. */
export type CallService = <Reply>(call: Call, parse: ParseReply<Reply>) => Promise<Reply>

/** Returns the function that makes a merchant's calls: each is signed afresh, at the moment it is made. */
export function callAsMerchant(merchant: Merchant, options: CallOptions): CallService {
  return async function callService({ method, path, accept, json }, parse) {
    const { origin, host, credentials, sign, transport, now } = merchant
    const payload = json === undefined ? {} : { body: JSON.stringify(json) }
    const signed = await sign({ method, target: path, host, ...payload }, credentials, now())
    const type = json === undefined ? {} : { 'content-type': 'application/json;charset=utf-8' }
    const headers = { accept, ...type, ...signed }
    return send(
      { method, url: origin + path, headers, ...payload },
      { ...transport, ...options },
      parse,
    )
  }
}
