const COMPACT_JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/

/** Tells whether a text has the shape of a compact JWS. Says nothing about its signature. */
export function isCompactJwt(text: string): boolean {
  return COMPACT_JWT.test(text)
}

/**
 * Returns the bare JWT of a reply, which some services write in the quotes of JSON; undefined when it is anything else.
 * Nothing of the JWT is verified.
 */
export function parseJwtReply(text: string): string | undefined {
  const trimmed = text.trim()
  const jwt = /^".*"$/.test(trimmed) ? trimmed.slice(1, -1) : trimmed
  return isCompactJwt(jwt) ? jwt : undefined
}
