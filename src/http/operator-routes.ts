import { fastify, type FastifyInstance } from 'fastify'
import type { PoolDepth } from '../keys/minting.ts'
import type { PoolKind } from '../keys/mint-order.ts'
import { NO_SCHEMAS } from './no-schemas.ts'
import { replyJson, type Reply } from './reply.ts'

/** What the operators' endpoints show. */
export interface OperatorNeeds {
  /** Tells whether the service can take requests now, and what is missing when it can not. */
  readiness(): Promise<Readiness>
  /** The metrics in Prometheus' text format. */
  metrics(): Promise<string>
  /** Makes the OpenAPI document. Default is that of the public routes. */
  describe?(): Promise<object>
}

/** Whether a service is ready. */
export interface Readiness {
  readonly ready: boolean
  /** One entry a check: `ok`, or what is wrong. */
  readonly checks: Readonly<Record<string, string>>
  readonly pools: Readonly<Record<PoolKind, PoolDepth>>
}

/** What describes is not loaded before it is asked for. */
async function describePublic(): Promise<object> {
  const { describeApi } = await import('./openapi.ts')
  return describeApi()
}

const OPERATOR_ROUTES: Readonly<Record<string, (needs: OperatorNeeds) => Promise<Reply>>> = {
  '/healthz': async () => replyJson({ alive: true }),
  '/readyz': async (needs) => {
    const readiness = await needs.readiness()
    return { ...replyJson(readiness), status: readiness.ready ? 200 : 503 }
  },
  '/metrics': async (needs) => ({
    status: 200,
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    body: await needs.metrics(),
  }),
  '/openapi.json': async ({ describe = describePublic }) => replyJson(await describe()),
}

/** Adds the operators' endpoints to an application. */
export function addOperatorRoutes(app: FastifyInstance, needs: OperatorNeeds): void {
  for (const [url, answer] of Object.entries(OPERATOR_ROUTES)) {
    app.get(url, async (_request, reply) => {
      const { status, contentType, body } = await answer(needs)
      return reply.code(status).header('cache-control', 'no-store').type(contentType).send(body)
    })
  }
}

/** Makes an application that has the operators' endpoints and nothing else: a listener of their own. */
export function createOperatorApp(needs: OperatorNeeds): FastifyInstance {
  const app = fastify({
    schemaController: NO_SCHEMAS,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
  })
  addOperatorRoutes(app, needs)
  return app
}
