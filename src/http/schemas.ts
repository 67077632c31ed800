import { ERRORS, type ErrorCode } from '../errors.ts'
import { FIELD_PATHS } from '../protocol/field-catalogue.ts'
import { nest, type Tree } from '../protocol/nest.ts'

// Schemas document the routes; the parsers of protocol/ decide what is accepted.

/** A JSON Schema (2020-12), as OpenAPI 3.1 takes it. */
export type Schema = Readonly<Record<string, unknown>>

const TEXT: Schema = { type: 'string' }

const LEAF: Schema = {
  type: 'object',
  properties: {
    required: {
      type: 'boolean',
      default: true,
      description: 'Whether the field must be captured.',
    },
  },
  additionalProperties: false,
}

/** The body of `POST /flex/v2/sessions`. */
export const SESSION_REQUEST: Schema = object({
  fields: {
    ...treeSchema(nest(FIELD_PATHS.map((path) => [path, { schema: LEAF }]))),
    minProperties: 1,
    description: 'The fields to isolate; each is required unless it says "required": false.',
  },
})

/** The JSON form of the body of `POST /flex/v2/tokens`. */
export const WRAPPED_JWE: Schema = object({
  keyId: { type: 'string', description: 'The compact JWE.' },
})

/** A compact JWS or JWE as the whole body. */
export const COMPACT: Schema = { type: 'string', pattern: String.raw`^([\w-]+\.){2,4}[\w-]+$` }

/** The reply of payment-details: the tree of what was captured. */
export const PAYMENT_DETAILS: Schema = treeSchema(
  nest(
    FIELD_PATHS.filter((path) => path !== 'paymentInformation.card.securityCode').map((path) => [
      path,
      { schema: TEXT },
    ]),
  ),
)

/** A bare JWK of a signing key. */
export const JWK: Schema = object({
  kty: { const: 'RSA' },
  use: { enum: ['enc', 'sig'] },
  kid: TEXT,
  n: TEXT,
  e: TEXT,
})

/** A JWKS. */
export const JWKS: Schema = object({ keys: { type: 'array', items: JWK } })

/** The form in which merchants may send any body, and have any JSON back: encrypted as a whole. */
export const MLE_BODIES = {
  request: object({ encryptedRequest: { ...TEXT, description: 'The compact JWE of the body.' } }),
  reply: object({ encryptedResponse: { ...TEXT, description: 'The compact JWE of the body.' } }),
} as const

const DETAILS: Schema = { type: 'array', items: object({ location: TEXT, message: TEXT }) }

const EXPLANATION: Schema = { type: 'object', description: 'Dev mode only: cause and fix.' }

const ERROR_BODIES = {
  flex: withExplanation({
    correlationId: TEXT,
    details: DETAILS,
    informationLink: TEXT,
    message: TEXT,
    reason: TEXT,
    responseStatus: object({
      status: { type: 'integer' },
      reason: TEXT,
      message: TEXT,
      correlationId: TEXT,
      details: DETAILS,
    }),
  }),
  gateway: withExplanation({ response: object({ rmsg: TEXT }) }),
} as const

/** Describes the error replies of a route, one entry a status; `further` are bodies that are not of the table of errors. */
export function errorResponses(
  codes: readonly ErrorCode[],
  further: Readonly<Record<number, object>> = {},
): Record<string, object> {
  const responses: Record<string, object> = {}
  const statuses = [
    ...codes.map((code) => ERRORS[code].status),
    ...Object.keys(further).map(Number),
  ]
  for (const status of new Set(statuses)) {
    const ofStatus = codes.filter((code) => ERRORS[code].status === status)
    const ofTable = new Set<object>(ofStatus.map((code) => ERROR_BODIES[ERRORS[code].family]))
    const bodies = [...(further[status] === undefined ? [] : [further[status]]), ...ofTable]
    const causes = ofStatus.map((code) => `${code}: ${ERRORS[code].cause}`)
    responses[status] = {
      description: causes.join('\n\n') || 'See the reason in the body.',
      content: {
        'application/json': { schema: bodies.length === 1 ? bodies[0] : { anyOf: bodies } },
      },
    }
  }
  return responses
}

function object(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', properties, required: Object.keys(properties) }
}

function withExplanation(properties: Readonly<Record<string, Schema>>): Schema {
  return { ...object(properties), properties: { ...properties, coatcheck: EXPLANATION } }
}

/** A leaf of a tree of schemas, in a box of its own: a schema is an object like any branch. */
interface Boxed {
  readonly schema: Schema
}

function treeSchema(tree: Tree<Boxed>): Schema {
  const members = Object.entries(tree).map(
    ([name, node]) => [name, isBoxed(node) ? node.schema : treeSchema(node)] as const,
  )
  return { type: 'object', properties: Object.fromEntries(members), additionalProperties: false }
}

function isBoxed(node: Tree<Boxed> | Boxed): node is Boxed {
  return 'schema' in node
}
