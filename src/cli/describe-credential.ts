import type { ShownCredential } from './create-credential.ts'

const LABELS = {
  merchantId: 'merchant',
  keyId: 'key id',
  secret: 'secret',
  p12: 'p12',
  certificate: 'certificate',
} as const

/** Describes a new credential, as it is shown this once. */
export function describeCredential(shown: ShownCredential): string {
  const rows = Object.entries(LABELS).flatMap(([name, label]) => {
    const value = new Map<string, unknown>(Object.entries(shown)).get(name)
    return typeof value === 'string' ? [`${label.padEnd(12)}${value}`] : []
  })
  const remark =
    shown.secret === undefined ? [] : ['The secret is stored sealed and is not shown again.']
  return [...rows, ...remark].join('\n')
}
