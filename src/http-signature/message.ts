/** A request as it came over the wire, or as it is about to be sent: what an HTTP Signature speaks about. */
export interface SignedMessage {
  readonly method: string
  /** The raw request target: percent-encoding and query untouched, never normalised. */
  readonly target: string
  /** Every header as received, in any case; a repeated header is repeated here. */
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** Returns every value of a header, in order, comparing names without case. Empty when the header was not sent. */
export function headerValues(message: SignedMessage, name: string): readonly string[] {
  return message.headers.filter(([sent]) => isSameName(sent, name)).map(([, value]) => value)
}

/** Returns how a header's name was written each time it was sent. Empty when the header was not sent. */
export function headerNames(message: SignedMessage, name: string): readonly string[] {
  return message.headers.filter(([sent]) => isSameName(sent, name)).map(([sent]) => sent)
}

/**
 * Returns the message with another value for a header that it has; the message given is left as it is.
 *
 * A meta key signs its owner's id while `v-c-merchant-id` carries the transacting merchant: rebuild the base of such a
 * request from this, and only for a credential that allows it. A header that was not sent is not added.
 */
export function withHeaderValue(
  message: SignedMessage,
  name: string,
  value: string,
): SignedMessage {
  const headers = message.headers.map(
    ([sent, old]) => [sent, isSameName(sent, name) ? value : old] as const,
  )
  return { method: message.method, target: message.target, headers }
}

function isSameName(left: string, right: string): boolean {
  return left.length === right.length && left.toLowerCase() === right.toLowerCase()
}
