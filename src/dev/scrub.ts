import { panFault } from '../card/pan.ts'
import { decodeJsonPart } from '../jose/compact.ts'
import { isJsonObject, stringMember, type JsonObject } from '../protocol/parse.ts'

// What a body may show: capture contexts, transient tokens and jti, as they are. What it may not: card numbers, security
// codes, secrets.

const REMOVED = '[removed]'

// The first two are left as they are; in the base64url of a token, digits mean nothing.
const TOKEN_OR_DIGITS =
  /(?<![\w-])eyJ[\w-]+\.[\w.-]+|[0-9A-Z]{33,}|(?<![0-9])[0-9](?:[ -]?[0-9]){11,18}(?![0-9])/g
const MAY_HIDE_NUMBER = /[0-9](?:[ -]?[0-9]){11}|\\u/
const MAY_HIDE_CODE = /secur|cv[vcn]|card.?verif/i
const COMPACT = /^eyJ[\w.-]+$/

const SECURITY_CODE = /secur\w*.?code|^cv[vcn]2?$|card.?verification/i
const NUMBER = /^(?:card.?number|number|pan|account.?number)$/i
const SECURITY_CODE_IN_TEXT =
  /((?:secur\w*[_-]?code|cv[vcn]2?)\W{0,8}(?:value\W{1,6})?)[0-9]{3,4}(?![0-9])/gi

/** Tells quickly that a text, such as most, has nothing to scrub. */
function isClean(text: string): boolean {
  if (COMPACT.test(text)) return true
  if (MAY_HIDE_NUMBER.test(text)) return false
  return !(/[0-9]{3}/.test(text) && MAY_HIDE_CODE.test(text))
}

/** Scrubs a body: card numbers are masked, security codes removed. A body that has neither is returned as it came. */
export function scrubBody(text: string): string {
  if (isClean(text)) return text
  try {
    const value: unknown = JSON.parse(text)
    const scrubbed = scrubValue(value, '')
    const written = JSON.stringify(scrubbed)
    // Numbers that are too long for the parser are only right in the text.
    return scrubText(written === JSON.stringify(value) ? text : written)
  } catch {
    return scrubText(text)
  }
}

/** Scrubs text that is not JSON: a path, a header. */
export function scrubText(text: string): string {
  if (isClean(text)) return text
  return text
    .replaceAll(TOKEN_OR_DIGITS, (found) =>
      /^[0-9][0-9 -]+$/.test(found) ? maskIfCard(found) : found,
    )
    .replaceAll(SECURITY_CODE_IN_TEXT, `$1${REMOVED}`)
}

/** Scrubs what is known of a refusal: it quotes paths and headers. */
export function scrubFields(fields: JsonObject): JsonObject {
  if (isClean(JSON.stringify(fields))) return fields
  const scrubbed = scrubValue(fields, '')
  return isJsonObject(scrubbed) ? scrubbed : {}
}

function scrubValue(value: unknown, name: string): unknown {
  if (SECURITY_CODE.test(name)) return scrubCode(value)
  if (typeof value === 'number' || typeof value === 'string') return scrubLeaf(value, name)
  if (Array.isArray(value)) return value.map((item) => scrubValue(item, name))
  if (!isJsonObject(value)) return value
  const members = Object.entries(value).map(([key, member]) => {
    // The name of a member can be a card number, too. That of a value in a box is the name of the box.
    return [scrubText(key), scrubValue(member, key === 'value' ? name : key)] as const
  })
  return Object.fromEntries(members)
}

/** What stands for a security code: all of it is removed but what says whether the field is asked for. */
function scrubCode(value: unknown): unknown {
  if (typeof value === 'boolean' || value === null) return value
  if (!isJsonObject(value)) return REMOVED
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, scrubCode(member)]))
}

function scrubLeaf(value: string | number, name: string): string | number {
  const text = String(value)
  const digits = text.replaceAll(/[ -]/g, '')
  // One that was mistyped is masked too, where a card number belongs.
  if (NUMBER.test(name) && /^[0-9]{12,19}$/.test(digits)) return mask(digits)
  const scrubbed = scrubText(text)
  return scrubbed === text ? value : scrubbed
}

function maskIfCard(found: string): string {
  const digits = found.replaceAll(/[ -]/g, '')
  return panFault(digits) === undefined ? mask(digits) : found
}

function mask(digits: string): string {
  return `${digits.slice(0, 6)}${'X'.repeat(digits.length - 10)}${digits.slice(-4)}`
}

const SECRET_FORM = /^[A-Za-z0-9+/]{43}=$/
const KEY_ID = /(keyid\s*=\s*"?)[A-Za-z0-9+/]{43}=/gi

const HEADERS: Readonly<Record<string, (value: string) => string>> = {
  cookie: () => REMOVED,
  'set-cookie': () => REMOVED,
  'proxy-authorization': () => REMOVED,
  authorization: scrubAuthorization,
  signature: (value) => value.replaceAll(KEY_ID, `$1${REMOVED}`),
}

/** Scrubs a header's value. Signatures and bearer JWTs are left: they are good for one request, or for minutes. */
export function scrubHeader(name: string, value: string): string {
  const key = name.toLowerCase()
  const scrub = Object.hasOwn(HEADERS, key) ? HEADERS[key] : undefined
  return scrubText(scrub?.(value) ?? value)
}

function scrubAuthorization(value: string): string {
  const [, header] = /^Bearer +(eyJ[\w-]+)\.[\w-]+\.[\w-]*$/i.exec(value) ?? []
  if (header === undefined) return REMOVED
  const kid = stringMember(decodeJsonPart(header) ?? {}, 'kid') ?? ''
  return SECRET_FORM.test(kid) ? REMOVED : value
}
