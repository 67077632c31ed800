import type { FastifyInstance } from 'fastify'
import { OperatorError } from '../errors.ts'

/**
 * Listens and returns the address, such as `http://127.0.0.1:4010`.
 *
 * @throws OperatorError when the port is in use or the address is not this machine's.
 */
export async function listen(
  app: FastifyInstance,
  at: { readonly host: string; readonly port: number },
): Promise<string> {
  try {
    return await app.listen({ ...at })
  } catch (cause) {
    throw explainListenError(cause, at)
  }
}

/** Says in a sentence why an address cannot be listened on. */
function explainListenError(
  cause: unknown,
  { host, port }: { readonly host: string; readonly port: number },
): OperatorError {
  const code: unknown = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'EADDRINUSE') {
    return new OperatorError(
      `Port ${port} of ${host} is in use.`,
      'Stop the other program, or name another port with --port (0 takes a free one).',
      cause,
    )
  }
  if (code === 'EACCES') {
    return new OperatorError(
      `Port ${port} may not be used by this user.`,
      'Name a port above 1023.',
      cause,
    )
  }
  return new OperatorError(
    `${host}:${port} cannot be listened on.`,
    'Check --host and --port.',
    cause,
  )
}
