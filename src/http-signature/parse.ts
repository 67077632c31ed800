const MAX_HEADER_LENGTH = 2048
const MAX_COMPONENTS = 32

const MAX_LENGTHS = { keyid: 128, algorithm: 32, headers: 1024, signature: 128 } as const

// Sticky, and each part ends at a character that the part before cannot contain: linear in the length of the value.
const PARAMETER = /[ \t]*([A-Za-z0-9_-]+)="([ !#-[\]-~]*)"[ \t]*(,|$)/gy
const COMPONENT = /^(?:[a-z0-9_-]+|\(request-target\))$/

/** The parameters of a `signature` header. None of them is verified yet. */
export interface SignatureParameters {
  readonly keyId: string
  /** As sent. The credential decides which algorithm is legal, never this. */
  readonly algorithm: string
  /** The signed components in the order of the list, lower case, without duplicates, never empty. */
  readonly components: readonly string[]
  /** As sent, 1 to 128 printable characters; not yet known to be base64. */
  readonly signature: string
}

/** The parameters of a `signature` header, or the reason why it cannot be read; a reason never holds input. */
export type ParsedSignatureHeader =
  | { readonly ok: true; readonly parameters: SignatureParameters }
  | { readonly ok: false; readonly reason: string }

/**
 * Reads the value of a `signature` header: `name="value"` parameters between commas, each exactly once. Names are read
 * without case and unknown ones ignored; `keyid`, `algorithm`, `headers` and `signature` are all required. Never throws.
 */
export function parseSignatureHeader(value: string): ParsedSignatureHeader {
  if (value.length > MAX_HEADER_LENGTH) return refuse('The header is too long.')
  const parameters = readParameters(value)
  if (parameters === undefined) {
    return refuse('The header is not a list of name="value" between commas, each name once.')
  }
  for (const [name, maxLength] of Object.entries(MAX_LENGTHS)) {
    const { length } = parameters.get(name) ?? ''
    if (length === 0) return refuse(`The parameter ${name} is missing or empty.`)
    if (length > maxLength) return refuse(`The parameter ${name} is too long.`)
  }
  const components = readComponents(parameters.get('headers') ?? '')
  if (components === undefined) {
    return refuse('The parameter headers is not a list of names between spaces, each name once.')
  }
  return {
    ok: true,
    parameters: {
      keyId: parameters.get('keyid') ?? '',
      algorithm: parameters.get('algorithm') ?? '',
      components,
      signature: parameters.get('signature') ?? '',
    },
  }
}

function refuse(reason: string): ParsedSignatureHeader {
  return { ok: false, reason }
}

function readParameters(value: string): ReadonlyMap<string, string> | undefined {
  const parameters = new Map<string, string>()
  let read = 0
  let separator: string | undefined
  for (const [whole, name = '', text = '', after] of value.matchAll(PARAMETER)) {
    const key = name.toLowerCase()
    if (parameters.has(key)) return undefined
    parameters.set(key, text)
    read += whole.length
    separator = after
  }
  return read === value.length && separator === '' ? parameters : undefined
}

function readComponents(list: string): readonly string[] | undefined {
  const names = list
    .toLowerCase()
    .split(' ')
    .filter((name) => name !== '')
  if (names.length === 0 || names.length > MAX_COMPONENTS) return undefined
  if (new Set(names).size !== names.length) return undefined
  return names.every((name) => COMPONENT.test(name)) ? names : undefined
}
