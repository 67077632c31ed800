/** How long a caller may take to send a request, and to agree on TLS. */
export const REQUEST_TIMEOUT_MILLISECONDS = 10_000

/** What holds of every public listener, with TLS or without. */
export const SERVER_OPTIONS = {
  maxHeaderSize: 16 * 1024,
  connectionsCheckingInterval: 1000,
  // Node swaps the two times when this one, by default 60 s, is the longer: bodies would have 60 s.
  headersTimeout: REQUEST_TIMEOUT_MILLISECONDS,
  // Node would refuse it without a body and a correlation id; here `requireOneHost` does.
  requireHostHeader: false,
} as const

/**
 * Properties of a server that answers a caller which ends its side behind its request: what was done for it is told. Node
 * takes it as no option.
 */
export const ANSWER_HALF_CLOSED = { httpAllowHalfOpen: true } as const
