import type { ShownCredential } from './create-credential.ts'
import type { Printer } from './print.ts'

const LABELS = {
  merchantId: 'merchant',
  keyId: 'key id',
  secret: 'secret',
  p12: 'p12',
  certificate: 'certificate',
} as const

/** Prints a new credential, this once; `further` is added to the JSON. */
export function printCredential(
  printer: Printer,
  shown: ShownCredential,
  further: object = {},
): void {
  const values = new Map<string, unknown>(Object.entries(shown))
  const rows = Object.entries(LABELS).filter(([name]) => values.has(name))
  const width = Math.max(...rows.map(([, label]) => label.length)) + 2
  const lines = rows.map(([name, label]) => label.padEnd(width) + String(values.get(name)))
  printer.result(lines.join('\n'), { ...shown, ...further })
  if (shown.secret !== undefined) {
    printer.note('The secret is stored sealed and is not shown again.')
  }
  if (shown.p12 !== undefined) {
    printer.note('The p12 holds the only copy of the private key; it is not stored.')
  }
}
