const LOOSE_ORIGIN = /^https?:\/\/[^/?#@\\\s]+\/?$/i

/**
 * Returns an origin in its one serialised form (`https://host`, with the port unless it is the scheme's own); undefined
 * for anything that has a path, a query, credentials or another scheme. A single slash at the end is tolerated.
 */
export function parseOrigin(text: string): string | undefined {
  if (!LOOSE_ORIGIN.test(text)) return undefined
  try {
    return new URL(text).origin
  } catch {
    return undefined
  }
}
