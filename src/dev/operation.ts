import { ROUTES, type DescribedRoute } from '../http/routes.ts'
import { PAYMENT_ROUTE } from './payments/routes.ts'

/** Every operation of the emulator. */
export const OPERATIONS: readonly DescribedRoute[] = [...ROUTES, PAYMENT_ROUTE]

interface Template {
  readonly name: string
  readonly method: string
  readonly parts: readonly string[]
}

const TEMPLATES: readonly Template[] = OPERATIONS.map(({ name, method, path }) => ({
  name,
  method,
  parts: path.split('/'),
}))

// Most targets are these, and need not be taken apart.
const LITERALS: ReadonlyMap<string, string> = new Map(
  OPERATIONS.map(({ name, method, path }) => [`${method} ${path}`, name]),
)

/** Returns the name of the operation that a method and a raw request target lead to; undefined when there is none. */
export function operationOf(method: string, target: string): string | undefined {
  const literal = LITERALS.get(`${method} ${target}`)
  if (literal !== undefined) return literal
  const parts = (target.split('?', 1)[0] ?? '').split('/')
  const asked = method === 'HEAD' ? 'GET' : method
  return TEMPLATES.find((template) => template.method === asked && fits(template, parts))?.name
}

function fits({ parts: wanted }: Template, parts: readonly string[]): boolean {
  return (
    wanted.length === parts.length &&
    wanted.every((part, at) => part === parts[at] || (part.startsWith(':') && parts[at] !== ''))
  )
}
