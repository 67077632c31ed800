import { ServiceError } from '../errors.ts'
import { isBranchPath, isFieldPath, joinPath, type FieldPath } from './field-catalogue.ts'
import { isJsonObject, locate, objectMember, type Faults, type JsonObject } from './parse.ts'

/** What a merchant asks to isolate: every path once, either required or optional, in the order of the request. */
export interface SessionRequest {
  readonly requiredFields: readonly FieldPath[]
  readonly optionalFields: readonly FieldPath[]
}

/**
 * Parses the body of `POST /flex/v2/sessions`.
 *
 * A named field is required unless it says `"required": false`. Unknown members of the root are ignored (observed
 * connectors send some); everything below `fields` must be known.
 *
 * @throws ServiceError `VALIDATION_FAILED` with one detail per fault, `location` being the dotted path.
 */
export function parseSessionRequest(body: JsonObject): SessionRequest {
  const faults: Faults = []
  const named = new Map<FieldPath, boolean>()
  const fields = objectMember(body, 'fields')
  if (fields !== undefined) collectBranch(fields, '', { named, faults })
  if (named.size === 0 && faults.length === 0) {
    faults.push({ location: 'fields', message: 'must name at least one field' })
  }
  if (faults.length > 0) throw new ServiceError('VALIDATION_FAILED', { details: faults })
  return {
    requiredFields: [...named].filter(([, required]) => required).map(([path]) => path),
    optionalFields: [...named].filter(([, required]) => !required).map(([path]) => path),
  }
}

interface Collected {
  readonly named: Map<FieldPath, boolean>
  readonly faults: Faults
}

function collectBranch(branch: JsonObject, prefix: string, collected: Collected): void {
  for (const [name, value] of Object.entries(branch)) {
    const path = joinPath(prefix, name)
    // Members are nested here: by a dotted name one field could be named twice.
    if (name.includes('.')) collected.faults.push(unknownField(prefix, name, false))
    else if (isFieldPath(path)) collectLeaf(path, value, collected)
    else if (isBranchPath(path) && isJsonObject(value)) collectBranch(value, path, collected)
    else collected.faults.push(unknownField(prefix, name, isBranchPath(path)))
  }
}

function unknownField(prefix: string, name: string, isBranch: boolean): Faults[number] {
  const location = locate(prefix === '' ? 'fields' : `fields.${prefix}`, name)
  return { location, message: isBranch ? 'must be an object' : 'is not a known field' }
}

function collectLeaf(path: FieldPath, leaf: unknown, { named, faults }: Collected): void {
  const location = `fields.${path}`
  if (!isJsonObject(leaf)) {
    faults.push({ location, message: 'must be an object such as {} or {"required": false}' })
    return
  }
  for (const name of Object.keys(leaf)) {
    if (name !== 'required') {
      faults.push({ location: locate(location, name), message: 'is not known; only "required" is' })
    }
  }
  const required = Object.hasOwn(leaf, 'required') ? leaf['required'] : true
  if (typeof required === 'boolean') named.set(path, required)
  else faults.push({ location: `${location}.required`, message: 'must be true or false' })
}
