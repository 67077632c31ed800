import { InvalidArgumentError } from 'commander'
import type { CaptureContextRequest } from '../client/capture-context-request.ts'
import { OperatorError } from '../errors.ts'
import { nearest } from '../nearest.ts'
import { FIELD_PATHS, type FieldPath } from '../protocol/field-catalogue.ts'
import { nest } from '../protocol/nest.ts'
import { isJsonObject, parseJsonObject } from '../protocol/parse.ts'

/** One field of a session, as `--field` names it. */
export interface Field {
  readonly path: FieldPath
  readonly required: boolean
}

/** What a session asks for unless it is told otherwise. */
export const DEFAULT_FIELDS: readonly Field[] = [
  { path: 'paymentInformation.card.number', required: true },
  { path: 'paymentInformation.card.expirationMonth', required: true },
  { path: 'paymentInformation.card.expirationYear', required: true },
  { path: 'paymentInformation.card.securityCode', required: false },
]

/** Reads `--field`: a dotted path, or as much of its end as names one field; a trailing `?` makes it optional. */
export function parseField(text: string, earlier: readonly Field[] = []): readonly Field[] {
  const required = !text.endsWith('?')
  const name = required ? text : text.slice(0, -1)
  const found = FIELD_PATHS.filter((path) => path === name || path.endsWith(`.${name}`))
  const [path] = found
  if (path === undefined) throw new InvalidArgumentError(noSuchField(name))
  if (found.length > 1) throw new InvalidArgumentError(`Say which: ${found.join(', ')}.`)
  return [...earlier.filter((field) => field.path !== path), { path, required }]
}

function noSuchField(name: string): string {
  const names = FIELD_PATHS.flatMap((path) => [path, path.slice(path.lastIndexOf('.') + 1)])
  const meant = nearest(name, names)
  return `No session can have this field.${meant === undefined ? '' : ` Did you mean ${meant}?`}`
}

/** Builds the request for a session of some fields. */
export function requestOf(fields: readonly Field[]): CaptureContextRequest {
  const leaves = fields.map(({ path, required }) => [path, required ? {} : { required }] as const)
  return { fields: nest(leaves) }
}

/** Reads a whole request. What stands below `fields` is the service's to judge. */
export function parseRequest(json: string): CaptureContextRequest {
  const request = parseJsonObject(json)
  if (request !== undefined && hasFields(request)) return request
  throw new OperatorError(
    'The request is not JSON with an object "fields".',
    'Write {"fields":{"paymentInformation":{"card":{"number":{}}}}}, for example.',
  )
}

function hasFields(request: object): request is CaptureContextRequest {
  return 'fields' in request && isJsonObject(request.fields)
}
