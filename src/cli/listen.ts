import type { FastifyInstance } from 'fastify'
import type { Config } from '../config.ts'
import { OperatorError } from '../errors.ts'
import type { SecureListener } from '../http/secure-listener.ts'
import { systemCode } from '../system-error.ts'

interface Address {
  readonly host: string
  readonly port: number
}

/** Every address of this machine. */
const ANY = /^(?:0\.0\.0\.0|::)$/

/** Says how to mend it when both listeners of a service want the same port; undefined when they do not. */
export function checkPorts(config: Config): OperatorError | undefined {
  const { host, port, operatorHost, operatorPort } = config
  if (port === 0 || port !== operatorPort) return undefined
  const isShared = host === operatorHost || [host, operatorHost].some((each) => ANY.test(each))
  if (!isShared) return undefined
  return new OperatorError(
    `Port ${port} is wanted by both listeners: the two ports must differ.`,
    'Set --operator-port to another than --port.',
  )
}

/**
 * Listens and returns the address, such as `http://127.0.0.1:4010`.
 *
 * @param flag - the flag that names the port. Default is `--port`.
 * @throws OperatorError when the port is in use or the address is not this machine's.
 */
export async function listen(
  app: FastifyInstance,
  at: Address,
  flag: string = '--port',
): Promise<string> {
  try {
    return await app.listen({ ...at })
  } catch (cause) {
    throw explainListenError(cause, at, flag)
  }
}

/**
 * Listens with TLS and returns the address, such as `https://127.0.0.1:4443`.
 *
 * @param flag - the flag that names the port.
 * @throws OperatorError as {@link listen} does.
 */
export async function listenSecurely(
  listener: SecureListener,
  at: Address,
  flag: string,
): Promise<string> {
  try {
    const port = await listener.listen(at)
    return `https://${at.host.includes(':') ? `[${at.host}]` : at.host}:${port}`
  } catch (cause) {
    throw explainListenError(cause, at, flag)
  }
}

/** Says in a sentence why an address cannot be listened on. */
function explainListenError(cause: unknown, { host, port }: Address, flag: string): OperatorError {
  const code = systemCode(cause)
  if (code === 'EADDRINUSE') {
    return new OperatorError(
      `Port ${port} of ${host} is in use.`,
      `Stop the other program, or name another port with ${flag} (0 takes a free one).`,
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
    `Check --host and ${flag}.`,
    cause,
  )
}
