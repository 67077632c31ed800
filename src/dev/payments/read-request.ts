import { FIELD_PATHS, type CardData, type FieldPath } from '../../protocol/field-catalogue.ts'
import {
  objectMember,
  parseJsonBytes,
  stringMember,
  type JsonObject,
} from '../../protocol/parse.ts'
import { PaymentRefusal } from './refusal.ts'

/** What a request of a payment says, as far as it is read here. */
export interface PaymentRequest {
  /** Undefined when the member is absent or empty. */
  readonly transientTokenJwt: string | undefined
  readonly jti: string | undefined
  /** The request's own values: they win over those of the token. */
  readonly values: CardData
  /** What is given back as it came. */
  readonly clientReferenceInformation: Readonly<Record<string, string>>
}

/** What of `clientReferenceInformation` is given back. */
const ECHOED = ['code', 'submitLocalDateTime', 'ownerMerchantId']
const TOKEN_MEMBERS = ['transientTokenJwt', 'jti'] as const

/**
 * Reads the body of a payment. Members that are not of the catalogue of fields are ignored, and an empty text is an absent
 * value. That values are good is not verified.
 *
 * @throws PaymentRefusal when it is not JSON, or a value is not text.
 */
export function readPaymentRequest(body: Buffer): PaymentRequest {
  const root = parseJsonBytes(body)
  if (root === undefined) {
    throw new PaymentRefusal('INVALID_DATA', [], ['The body is not a JSON object in UTF-8.'])
  }
  const isWrong = (path: string): boolean =>
    !['string', 'undefined'].includes(typeof at(root, path))
  const members = TOKEN_MEMBERS.map((name) => `tokenInformation.${name}`)
  const wrong = [...members, ...FIELD_PATHS].filter(isWrong)
  if (wrong.length > 0) throw new PaymentRefusal('INVALID_DATA', wrong, ['Values are text.'])
  const token = objectMember(root, 'tokenInformation') ?? {}
  const reference = objectMember(root, 'clientReferenceInformation') ?? {}
  return {
    transientTokenJwt: stringMember(token, 'transientTokenJwt') || undefined,
    jti: stringMember(token, 'jti') || undefined,
    values: readValues(root),
    clientReferenceInformation: Object.fromEntries(
      ECHOED.flatMap((name) => {
        const value = stringMember(reference, name)
        return value === undefined ? [] : [[name, value] as const]
      }),
    ),
  }
}

function readValues(root: JsonObject): CardData {
  const values = new Map<FieldPath, string>()
  for (const path of FIELD_PATHS) {
    const value = at(root, path)
    if (typeof value === 'string' && value !== '') values.set(path, value)
  }
  return values
}

/** Finds what stands at a dotted path; undefined when nothing does, or when a member on the way is no object. */
function at(root: JsonObject, path: string): unknown {
  const names = path.split('.')
  const last = names.pop() ?? ''
  let branch: JsonObject | undefined = root
  for (const name of names) branch = branch && objectMember(branch, name)
  return branch !== undefined && Object.hasOwn(branch, last) ? branch[last] : undefined
}
