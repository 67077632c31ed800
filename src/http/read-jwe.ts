import { ServiceError } from '../errors.ts'
import { parseJsonObject, stringMember } from '../protocol/parse.ts'
import type { Call } from './call.ts'

/**
 * Reads the JWE of a token request: the bare body, or the member `keyId` of a JSON body.
 *
 * @throws ServiceError `BODY_NOT_JSON` for JSON that cannot be read, `VALIDATION_FAILED` when it has no `keyId`.
 */
export function readJwe({ body, contentType }: Call): string {
  const text = body.toString('latin1').trim()
  if (!contentType.toLowerCase().includes('json')) return text
  const object = parseJsonObject(text)
  if (object === undefined) throw new ServiceError('BODY_NOT_JSON')
  const jwe = stringMember(object, 'keyId')
  if (jwe !== undefined) return jwe
  const details = [{ location: 'keyId', message: 'must be the compact JWE' }]
  throw new ServiceError('VALIDATION_FAILED', { details })
}
