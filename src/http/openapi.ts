import swagger, { type SwaggerOptions } from '@fastify/swagger'
import { fastify, type FastifySchema } from 'fastify'
import { NO_SCHEMAS } from './no-schemas.ts'
import { ROUTES, type DescribedRoute } from './routes.ts'
import { errorResponses, MLE_BODIES } from './schemas.ts'

const SWAGGER_OPTIONS: SwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Coatcheck',
      version: '0.1.0',
      description:
        'Isolates payment and personal data behind short-lived signed tokens. Wire-compatible with Flex API v2.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    components: {
      securitySchemes: {
        httpSignature: {
          type: 'apiKey',
          in: 'header',
          name: 'signature',
          description: 'HMAC-SHA256 over host, date, request-target, digest and v-c-merchant-id.',
        },
        jwt: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'Version 2: HMAC under the shared secret, bound to method, path and body.',
        },
      },
    },
  },
}

/** Makes the OpenAPI 3.1 document of routes. Default is all that every mode has. */
export async function describeApi(routes: readonly DescribedRoute[] = ROUTES): Promise<object> {
  const app = fastify({ schemaController: NO_SCHEMAS, exposeHeadRoutes: false })
  await app.register(swagger, SWAGGER_OPTIONS)
  // They are shown, not run.
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => (value) => JSON.stringify(value))
  for (const route of routes) {
    const schema = routeSchema(route)
    app.route({ method: route.method, url: route.path, schema, handler: () => undefined })
  }
  await app.ready()
  return app.swagger()
}

// Every operation can end so.
const COMMON_ERRORS = ['REQUEST_TIMEOUT', 'HEADERS_TOO_LARGE', 'INTERNAL_ERROR'] as const

interface DocumentedSchema extends FastifySchema {
  readonly operationId: string
  readonly summary: string
  readonly security: readonly Record<string, readonly string[]>[]
}

function securityOf({ releases }: DescribedRoute): DocumentedSchema['security'] {
  return [...(releases ? [] : [{ httpSignature: [] }]), { jwt: [] }]
}

function routeSchema(route: DescribedRoute): DocumentedSchema {
  const { body, success, errors, furtherErrors } = route
  const isMerchant = route.caller === 'merchant'
  const isEncryptable = isMerchant && success.type === 'application/json'
  const replied = isEncryptable ? { anyOf: [success.schema, MLE_BODIES.reply] } : success.schema
  const reply = { description: 'Success', content: { [success.type]: { schema: replied } } }
  return {
    operationId: route.name,
    summary: route.summary,
    security: isMerchant ? securityOf(route) : [],
    ...(body === undefined ? {} : { body: { content: toContent(body, isMerchant) } }),
    response: {
      [success.status]: reply,
      ...errorResponses([...errors, ...COMMON_ERRORS], furtherErrors),
    },
  }
}

function toContent(
  body: Readonly<Record<string, object>>,
  isEncryptable: boolean,
): Record<string, object> {
  const content = Object.entries(body).map(([type, plain]) => {
    const schema = isEncryptable ? { anyOf: [plain, MLE_BODIES.request] } : plain
    return [type, { schema }] as const
  })
  return Object.fromEntries(content)
}
