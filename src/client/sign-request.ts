import type { Credentials } from './credentials.ts'

/** A merchant's request before it is signed. */
export interface UnsignedRequest {
  readonly method: 'GET' | 'POST'
  /** Path and query, exactly as `fetch` will send them. */
  readonly target: string
  /** The `Host` that the service receives. */
  readonly host: string
  readonly body?: string
}

/** Returns the headers that authenticate a request at a time. `Host` is not among them: `fetch` sets it. */
export type SignRequest = (
  request: UnsignedRequest,
  credentials: Credentials,
  now: Date,
) => Promise<Readonly<Record<string, string>>>
