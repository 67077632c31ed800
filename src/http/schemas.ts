import { Type, type TSchema } from 'typebox'
import { ERRORS, type ErrorCode } from '../errors.ts'
import { FIELD_PATHS } from '../protocol/field-catalogue.ts'
import { nest, type Tree } from '../protocol/nest.ts'

// Schemas document the routes; the parsers of protocol/ decide what is accepted.

const Leaf = Type.Object(
  {
    required: Type.Optional(
      Type.Boolean({ default: true, description: 'Whether the field must be captured.' }),
    ),
  },
  { additionalProperties: false },
)

/** The body of `POST /flex/v2/sessions`. */
export const SessionRequestSchema: TSchema = Type.Object(
  { fields: toSchema(nest(FIELD_PATHS.map((path) => [path, Leaf]))) },
  { description: 'The fields to isolate; each is required unless it says "required": false.' },
)

/** The JSON form of the body of `POST /flex/v2/tokens`. */
export const WrappedJweSchema: TSchema = Type.Object({
  keyId: Type.String({ description: 'The compact JWE.' }),
})

/** A compact JWS or JWE as the whole body. */
export const CompactSchema: TSchema = Type.String({ pattern: String.raw`^([\w-]+\.){2,4}[\w-]+$` })

/** The reply of payment-details: the tree of what was captured. */
export const PaymentDetailsSchema: TSchema = toSchema(
  nest(
    FIELD_PATHS.filter((path) => path !== 'paymentInformation.card.securityCode').map((path) => [
      path,
      Type.String(),
    ]),
  ),
)

/** A bare JWK of a signing key. */
export const JwkSchema: TSchema = Type.Object({
  kty: Type.Literal('RSA'),
  use: Type.String(),
  kid: Type.String(),
  n: Type.String(),
  e: Type.String(),
})

/** A JWKS. */
export const JwksSchema: TSchema = Type.Object({ keys: Type.Array(JwkSchema) })

const Details = Type.Array(Type.Object({ location: Type.String(), message: Type.String() }))

const FlexError = Type.Object({
  correlationId: Type.String(),
  details: Details,
  informationLink: Type.String(),
  message: Type.String(),
  reason: Type.String(),
  responseStatus: Type.Object({
    status: Type.Integer(),
    reason: Type.String(),
    message: Type.String(),
    correlationId: Type.String(),
    details: Details,
  }),
  coatcheck: Type.Optional(Type.Object({}, { description: 'Dev mode only: cause and fix.' })),
})

const GatewayError = Type.Object({
  response: Type.Object({ rmsg: Type.String() }),
  coatcheck: Type.Optional(Type.Object({}, { description: 'Dev mode only: cause and fix.' })),
})

/** Describes the error replies of a route, one entry a status. */
export function errorResponses(codes: readonly ErrorCode[]): Record<string, object> {
  const responses: Record<string, object> = {}
  for (const status of new Set(codes.map((code) => ERRORS[code].status))) {
    const ofStatus = codes.filter((code) => ERRORS[code].status === status)
    const families = [...new Set(ofStatus.map((code) => ERRORS[code].family))]
    const schemas = families.map((family) => (family === 'flex' ? FlexError : GatewayError))
    const [only] = schemas
    responses[status] = {
      description: ofStatus.map((code) => `${code}: ${ERRORS[code].cause}`).join('\n\n'),
      content: {
        'application/json': { schema: schemas.length === 1 && only ? only : Type.Union(schemas) },
      },
    }
  }
  return responses
}

function toSchema(tree: Tree<TSchema>): TSchema {
  const members = Object.entries(tree).map(([name, node]) => {
    const schema = isSchema(node) ? node : toSchema(node)
    return [name, Type.Optional(schema)] as const
  })
  return Type.Object(Object.fromEntries(members), { additionalProperties: false })
}

function isSchema(node: Tree<TSchema> | TSchema): node is TSchema {
  return typeof Object.getOwnPropertyDescriptor(node, 'type')?.value === 'string'
}
