import type { Detail } from '../errors.ts'

/** A JSON object of which nothing is known yet. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Tells whether a parsed JSON value is an object (not an array, not null). */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Parses JSON text to an object; undefined when it is anything else. The parser's error quotes the text, so it is dropped. */
export function parseJsonObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

// A byte order mark is kept, so that the parser refuses it.
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Parses JSON in UTF-8 to an object; undefined when the bytes are anything else. Nothing that is no UTF-8 is replaced. */
export function parseJsonBytes(bytes: Uint8Array): JsonObject | undefined {
  try {
    return parseJsonObject(UTF8.decode(bytes))
  } catch {
    return undefined
  }
}

/** Reads an own member that must be a string; undefined when it is absent or anything else. */
export function stringMember(object: JsonObject, name: string): string | undefined {
  const value = Object.hasOwn(object, name) ? object[name] : undefined
  return typeof value === 'string' ? value : undefined
}

/** Reads an own member that must be a finite number; undefined when it is absent or anything else. */
export function numberMember(object: JsonObject, name: string): number | undefined {
  const value = Object.hasOwn(object, name) ? object[name] : undefined
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** Reads an own member that must be true or false; undefined when it is absent or anything else. */
export function booleanMember(object: JsonObject, name: string): boolean | undefined {
  const value = Object.hasOwn(object, name) ? object[name] : undefined
  return typeof value === 'boolean' ? value : undefined
}

/** Reads an own member that must be an object; undefined when it is absent or anything else. */
export function objectMember(object: JsonObject, name: string): JsonObject | undefined {
  const value = Object.hasOwn(object, name) ? object[name] : undefined
  return isJsonObject(value) ? value : undefined
}

/** Reads an own member that must be an array of strings; undefined when it is absent or anything else. */
export function stringsMember(object: JsonObject, name: string): readonly string[] | undefined {
  const value: unknown = Object.hasOwn(object, name) ? object[name] : undefined
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined
}

const PRINTABLE_SEGMENT = /^[A-Za-z_][A-Za-z0-9_]{0,39}$/
// One digit is enough for `address1`; with more, separators or several names could spell a number out.
const SEVERAL_DIGITS = /[0-9].*[0-9]/

/**
 * Joins a path and a member's name for a {@link Detail} location.
 *
 * A name that could carry card data or is not printable is written as `(unnamed)`: error bodies and logs hold no input.
 */
export function locate(prefix: string, name: string): string {
  const printable = PRINTABLE_SEGMENT.test(name) && !SEVERAL_DIGITS.test(name)
  const segment = printable ? name : '(unnamed)'
  return prefix === '' ? segment : `${prefix}.${segment}`
}

/** Writes a dotted path segment by segment, each as {@link locate} would write it, and no more than six. */
export function locateDotted(dotted: string): string {
  return dotted.split('.').slice(0, 6).reduce(locate, '')
}

/** Collects the faults of one request, so that all of them are reported at once. */
export type Faults = Detail[]
