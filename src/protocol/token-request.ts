import { ServiceError } from '../errors.ts'
import {
  isFieldPath,
  joinPath,
  pathOfBareName,
  type CardData,
  type FieldPath,
} from './field-catalogue.ts'
import { isJsonObject, locateDotted, stringMember, type JsonObject } from './parse.ts'
import type { Faults } from './parse.ts'

/** What a shopper's side puts into the JWE. */
export interface TokenRequest {
  /** The capture context, not yet verified. */
  readonly context: string
  /** Position in the context's `ctx`. Default is 0. */
  readonly index: number
  /** The captured data in any of its three forms, not yet read. */
  readonly data: JsonObject
}

/**
 * Parses the plaintext of a token request. `jti` and `iat`, which some clients add, are ignored.
 *
 * @throws ServiceError `VALIDATION_FAILED` that names every missing or mistyped member.
 */
export function parseTokenRequest(plaintext: JsonObject): TokenRequest {
  const faults: Faults = []
  const context = stringMember(plaintext, 'context')
  const index = plaintext['index'] ?? 0
  const data = plaintext['data']
  if (context === undefined)
    faults.push({ location: 'context', message: 'must be the capture context' })
  const indexIsValid = typeof index === 'number' && Number.isSafeInteger(index) && index >= 0
  if (!indexIsValid)
    faults.push({ location: 'index', message: 'must be a position in ctx, such as 0' })
  if (!isJsonObject(data)) faults.push({ location: 'data', message: 'must be an object' })
  if (context === undefined || !indexIsValid || !isJsonObject(data)) {
    throw new ServiceError('VALIDATION_FAILED', { details: faults })
  }
  return { context, index, data }
}

/** Card data by path, and what could not be read as such. */
export interface ReadCardData {
  readonly values: CardData
  readonly faults: Faults
}

/**
 * Reads captured data in its three forms (nested, dotted, bare names) into one map.
 *
 * An empty string is an absent field. One field given twice with different values is a fault. Locations carry no
 * prefix; the values have passed no other check.
 */
export function readCardData(data: JsonObject): ReadCardData {
  const values = new Map<FieldPath, string>()
  const faults: Faults = []
  readBranch(data, '', { values, faults })
  return { values, faults }
}

interface Reading {
  readonly values: Map<FieldPath, string>
  readonly faults: Faults
}

function readBranch(branch: JsonObject, prefix: string, reading: Reading): void {
  for (const [name, value] of Object.entries(branch)) {
    const bare = prefix === '' ? pathOfBareName(name) : undefined
    const path = bare ?? joinPath(prefix, name)
    if (isFieldPath(path)) readLeaf(path, value, reading)
    else if (isBranch(name, path) && isJsonObject(value)) readBranch(value, path, reading)
    else reading.faults.push({ location: locateDotted(path), message: 'is not a known field' })
  }
}

// An empty name would lead back to the root, and so as deep as the body goes.
function isBranch(name: string, path: string): boolean {
  return name !== '' && path.split('.').length < 3
}

function readLeaf(path: FieldPath, value: unknown, { values, faults }: Reading): void {
  if (typeof value !== 'string') {
    faults.push({ location: path, message: 'must be a string' })
    return
  }
  if (value === '') return
  const earlier = values.get(path)
  if (earlier !== undefined && earlier !== value) {
    faults.push({ location: path, message: 'is given twice with different values' })
    return
  }
  values.set(path, value)
}
