import {
  mayHoldCardNumber,
  replaceCardNumbers,
  withoutSeparators,
} from '../card/find-card-numbers.ts'
import { decodeJsonPart } from '../jose/compact.ts'
import { isJsonObject, stringMember, type JsonObject } from '../protocol/parse.ts'

// What a body may show: capture contexts, transient tokens and jti, as they are. What it may not: card numbers, security
// codes, secrets.

const REMOVED = '[removed]'

// Left as they are: in the base64url of a token, and in a jti, digits mean nothing.
const KEPT = /(?<![\w-])eyJ[\w-]+\.[\w.-]+|[0-9A-Z]{33,}/g
const MAY_HIDE_CODE = /secur|cv[vcn]|card.?verif/i
// Shorter ones hold no card number.
const BASE64 = /[A-Za-z0-9+/]{16,}={0,2}/g
const BASE64URL = /[\w-]{16,}/g
const READABLE = /^[\t\n\r\x20-\x7e\u00a0-\uffff]*$/

const SECURITY_CODE = /secur\w*.?code|^cv[vcn]2?$|card.?verification/i
const NUMBER = /^(?:card.?number|number|pan|account.?number)$/i
const SECURITY_CODE_IN_TEXT =
  /((?:secur\w*[_-]?code|cv[vcn]2?)(?:%[0-9a-f]{2}|\W){0,8}(?:value(?:%[0-9a-f]{2}|\W){1,6})?)[0-9]{3,4}(?![0-9])/gi

// A token alone: in it there is no other base64 than that of its parts.
const COMPACT = /^eyJ[\w-]*(?:\.[\w-]*){2,4}$/

/** Tells quickly that a text, such as most, has nothing to scrub. */
function isClean(text: string): boolean {
  if (mayHoldCardNumber(text) || text.includes(String.raw`\u`)) return false
  if (/[0-9]{3}/.test(text) && MAY_HIDE_CODE.test(text)) return false
  return withoutEncoded(text) === text
}

// Random bytes have a control character before long: most of what looks like base64 is not decoded whole.
const FIRST_CHARACTERS = 32

// A token within a token, at most; more would cost time that grows with the nesting.
const MOST_NESTED = 2

/** Removes base64 of card data: a request that was signed or encoded where it should have been encrypted. */
function withoutEncoded(text: string, nested = MOST_NESTED): string {
  const remove = (encoded: string): string => {
    if (!READABLE.test(decode(encoded.slice(0, FIRST_CHARACTERS)))) return encoded
    const decoded = decode(encoded)
    return READABLE.test(decoded) && holdsCardData(decoded, nested) ? REMOVED : encoded
  }
  // A slash is a digit of base64 or separates the segments of a path.
  const left = COMPACT.test(text) ? text : text.replaceAll(BASE64, remove)
  return left.replaceAll(BASE64URL, remove)
}

function decode(encoded: string): string {
  return Buffer.from(encoded, 'base64').toString('utf8')
}

function holdsCardData(text: string, nested: number): boolean {
  if (MAY_HIDE_CODE.test(text) && text.search(SECURITY_CODE_IN_TEXT) !== -1) return true
  if (mayHoldCardNumber(text) && replaceCardNumbers(text, mask) !== text) return true
  return nested > 0 && withoutEncoded(text, nested - 1) !== text
}

/** Scrubs a body: card numbers are masked, security codes removed. A body that has neither is returned as it came. */
export function scrubBody(text: string): string {
  if (COMPACT.test(text)) return withoutEncoded(text)
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
  const decoded = withoutEncoded(text)
  const kept = decoded.match(KEPT) ?? []
  const scrubbed = decoded
    .split(KEPT)
    .map((between, index) => replaceCardNumbers(between, mask) + (kept[index] ?? ''))
  return scrubbed.join('').replaceAll(SECURITY_CODE_IN_TEXT, `$1${REMOVED}`)
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
  const digits = withoutSeparators(text)
  // One that was mistyped is masked too, where a card number belongs.
  if (NUMBER.test(name) && /^[0-9]{12,19}$/.test(digits)) return mask(digits)
  // JSON in a string is read as well, however deep.
  const scrubbed = /^\s*[[{]/.test(text) ? scrubBody(text) : scrubText(text)
  return scrubbed === text ? value : scrubbed
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

type Header = readonly [name: string, value: string]

/** Scrubs the values of headers. Signatures and bearer JWTs are left: they are good for one request, or for minutes. */
export function scrubHeaders(headers: readonly Header[]): readonly Header[] {
  const withoutSecrets = headers.map(([name, value]): Header => [name, withoutSecret(name, value)])
  if (isClean(withoutSecrets.map(([, value]) => value).join('\n'))) return withoutSecrets
  return withoutSecrets.map(([name, value]): Header => [name, scrubText(value)])
}

function withoutSecret(name: string, value: string): string {
  const key = name.toLowerCase()
  const scrub = Object.hasOwn(HEADERS, key) ? HEADERS[key] : undefined
  return scrub?.(value) ?? value
}

function scrubAuthorization(value: string): string {
  const [, header] = /^Bearer +(eyJ[\w-]+)\.[\w-]+\.[\w-]*$/i.exec(value) ?? []
  if (header === undefined) return REMOVED
  const kid = stringMember(decodeJsonPart(header) ?? {}, 'kid') ?? ''
  return SECRET_FORM.test(kid) ? REMOVED : value
}
