import type { Secret } from '../secret.ts'

/** Scheme, host, port and path of a store's URL: what may be shown of it. Undefined when it is no URL with a host. */
export function describeAddress(address: Secret): string | undefined {
  const { protocol, host, pathname } = URL.parse(address.reveal()) ?? {}
  return host === undefined ? undefined : `${protocol}//${host}${pathname}`
}
