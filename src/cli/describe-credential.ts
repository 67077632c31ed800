import { OperatorError } from '../errors.ts'
import { authenticationsOf, clientConfigurations } from '../merchant/client-configuration.ts'
import type { ClientConfiguration } from '../merchant/client-configuration.ts'
import type { CreatedCredential, ShownCredential } from './create-credential.ts'
import { describeReason } from './describe-reason.ts'
import type { Printer } from './print.ts'

const LABELS = {
  merchantId: 'merchant',
  keyId: 'key id',
  secret: 'secret',
  p12: 'p12',
  certificate: 'certificate',
} as const

interface Further {
  /** The public origin of the service; empty when it is not known here. */
  readonly origin: string
  /** Added to the JSON. */
  readonly members?: object
}

/**
 * Prints a new credential, which is stored already, this once, and what to set in each official client.
 *
 * @throws OperatorError when standard output does not take its secret.
 */
export async function printCredential(
  printer: Printer,
  { shown, client }: Pick<CreatedCredential, 'shown' | 'client'>,
  { origin, members = {} }: Further,
): Promise<void> {
  const values = new Map<string, unknown>(Object.entries(shown))
  const rows = Object.entries(LABELS).filter(([name]) => values.has(name))
  const width = Math.max(...rows.map(([, label]) => label.length)) + 2
  const lines = rows.map(([name, label]) => label.padEnd(width) + String(values.get(name)))
  const url = origin === '' ? '<origin of this service>' : origin
  const clients =
    client === undefined
      ? []
      : authenticationsOf(client).flatMap((way) => clientConfigurations(client, way, url))
  printer.result(lines.join('\n'), { ...shown, ...members, clients })
  if (shown.secret !== undefined) {
    await printer.passedOn().catch((cause: unknown) => {
      throw secretLost(shown, cause)
    })
    printer.note('The secret is stored sealed and is not shown again.')
  }
  if (shown.p12 !== undefined) {
    printer.note('The p12 holds the only copy of the private key; it is not stored.')
  }
  if (clients.length === 0) return
  printer.note(`\n${describeClients(clients)}\n`)
  if (origin === '') printer.note('With --origin <https origin> the lines name this service.')
}

function secretLost({ merchantId, keyId }: ShownCredential, cause: unknown): OperatorError {
  return new OperatorError(
    `The credential ${keyId} of ${merchantId} is stored, and its secret could not be written to standard output: ${describeReason(cause)}.`,
    `Run "coatcheck credentials rotate ${merchantId} --replace ${keyId}" for one with a new secret, then "coatcheck credentials revoke ${keyId}".`,
    cause,
  )
}

function describeClients(clients: readonly ClientConfiguration[]): string {
  return [
    'Point an official client here:',
    ...clients.flatMap(({ language, authentication, evidence, lines }) => [
      `  ${language}, ${WAYS[authentication]} (${evidence})`,
      ...lines.map((line) => `    ${line}`),
    ]),
  ].join('\n')
}

const WAYS = {
  http_signature: 'HTTP Signature',
  jwt_shared_secret: 'JWT with the shared secret',
  jwt_p12: 'JWT with the p12',
} as const
