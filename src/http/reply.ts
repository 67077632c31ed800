import { hash } from 'node:crypto'

/** What an operation answers with. */
export interface Reply {
  readonly status: number
  readonly contentType: string
  readonly body: string
  /** Beside those that every reply has. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Answers 201 with a bare compact JWS: no quotes, no line break. */
export function replyJwt(jwt: string): Reply {
  return { status: 201, contentType: 'application/jwt;charset=UTF-8', body: jwt }
}

/** Answers like {@link replyJwt}, but 200: nothing was made. */
export function replyReadJwt(jwt: string): Reply {
  return { ...replyJwt(jwt), status: 200 }
}

/** Answers like {@link replyJwt}, with the `Digest` of the body that some clients demand. */
export function replyDigestedJwt(jwt: string): Reply {
  const digest = hash('sha256', jwt, 'base64')
  return { ...replyJwt(jwt), headers: { digest: `SHA-256=${digest}` } }
}

/** Answers 200 with JSON. */
export function replyJson(value: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status: 200, contentType: 'application/json', body: JSON.stringify(value), headers }
}
