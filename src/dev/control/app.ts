import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { OperatorError } from '../../errors.ts'
import { NO_SCHEMAS } from '../../http/no-schemas.ts'
import { isJsonObject, parseJsonBytes, type JsonObject } from '../../protocol/parse.ts'
import type { ControlCall } from './call.ts'
import { addConsole } from './console-routes.ts'
import { ControlError, controlErrorBody, type Example } from './control-error.ts'
import { createEventStreams } from './events.ts'
import { guard } from './guard.ts'
import type { ControlNeeds } from './state.ts'
import { CONTROL_ROUTES, membersOf, type ControlRoute, type ControlScene } from './routes.ts'

const MAX_BODY_BYTES = 256 * 1024
const METHODS = ['DELETE', 'GET', 'POST'] as const

/** The control API, an application of its own behind the listener of the service: nothing of it is recorded, or meets faults. */
export interface Control {
  readonly app: FastifyInstance
  close(): Promise<void>
}

/** Makes the control API. */
export async function createControlApp(
  needs: ControlNeeds,
  random: ControlScene['random'],
): Promise<Control> {
  const app = fastify({
    schemaController: NO_SCHEMAS,
    bodyLimit: MAX_BODY_BYTES,
    exposeHeadRoutes: false,
  })
  const events = createEventStreams(needs)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.addHook('onRequest', async (request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
    guard(request, needs.devToken)
  })
  app.setErrorHandler((error, _request, reply) => refuse(reply, error, undefined))
  app.setNotFoundHandler(async (_request, reply) => refuse(reply, notFound(), undefined))
  for (const route of CONTROL_ROUTES) addRoute(app, route, { needs, events, random })
  addMethodRefusals(app)
  addConsole(app)
  app.get('/_dev/events', async (_request, reply) => {
    reply.hijack()
    await events.open(reply.raw)
  })
  await app.ready()
  const close = async (): Promise<void> => {
    events.close()
    await app.close()
  }
  return { app, close }
}

function addRoute(
  app: FastifyInstance,
  route: ControlRoute,
  scene: Omit<ControlScene, 'signal'>,
): void {
  const { method, path: url, status, example } = route
  app.route({
    method,
    url,
    handler: async (request, reply) => {
      try {
        const call = readCall(request, route)
        const signal = abortedWith(reply)
        const answer = await route.run({ ...scene, signal }, call)
        return await reply.code(status).type('application/json').send(JSON.stringify(answer))
      } catch (error) {
        return refuse(reply, error, example)
      }
    },
  })
}

/** A path that is there, called by a method that is not, is answered with 405 and the methods that are. */
function addMethodRefusals(app: FastifyInstance): void {
  for (const path of new Set(CONTROL_ROUTES.map((route) => route.path))) {
    const routes = CONTROL_ROUTES.filter((route) => route.path === path)
    const allowed = routes.map(({ method }) => method)
    const refused = [...METHODS, 'PUT', 'PATCH', 'OPTIONS'].filter(
      (method) => !allowed.some((each) => each === method),
    )
    app.route({
      method: refused,
      url: path,
      handler: async (_request, reply) => {
        reply.header('allow', allowed.join(', '))
        const problem = 'This path cannot be called by this method.'
        const error = new ControlError(405, { problem, fix: `Use ${allowed.join(' or ')}.` })
        return refuse(reply, error, routes[0]?.example)
      },
    })
  }
}

function readCall(request: FastifyRequest, route: ControlRoute): ControlCall {
  const query = readQuery(request, route.query ?? [])
  const parameter: unknown = isJsonObject(request.params)
    ? Object.values(request.params)[0]
    : undefined
  return {
    parameter: typeof parameter === 'string' ? parameter : '',
    query,
    body: route.body === undefined ? {} : readBody(request, membersOf(route) ?? []),
  }
}

function readQuery({ raw }: FastifyRequest, known: readonly string[]): ControlCall['query'] {
  const given = new URLSearchParams(raw.url?.split('?')[1] ?? '')
  for (const name of given.keys()) {
    if (name === 'token' || known.includes(name)) continue
    const fix = known.length === 0 ? 'It takes none.' : `Known are: ${known.join(', ')}.`
    throw new OperatorError('The query has a parameter that is not known.', fix)
  }
  return Object.fromEntries(given)
}

function readBody({ body }: FastifyRequest, known: readonly string[]): JsonObject {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0)
  const object = bytes.length === 0 ? {} : parseJsonBytes(bytes)
  if (object === undefined) {
    throw new OperatorError('The body is not a JSON object.', 'It must be one, in UTF-8.')
  }
  if (Object.keys(object).every((name) => known.includes(name))) return object
  const fix = `Known are: ${known.join(', ')}.`
  throw new OperatorError('The body has a member that is not known.', fix)
}

function abortedWith({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController()
  raw.once('close', () => controller.abort())
  return controller.signal
}

function notFound(): ControlError {
  return new ControlError(404, {
    problem: 'The control API has no such path.',
    fix: 'docs/dev-api.md and /openapi.json list what it has.',
  })
}

function refuse(reply: FastifyReply, error: unknown, example: Example | undefined): FastifyReply {
  const { status, explanation } = toControlError(error)
  // Of what is missing, or refused for who calls, no example helps.
  const shown = status === 400 || status === 405 ? example : undefined
  const body = JSON.stringify(controlErrorBody(explanation, shown))
  return reply.code(status).type('application/json').send(body)
}

function toControlError(error: unknown): ControlError {
  if (error instanceof ControlError) return error
  if (error instanceof OperatorError) return new ControlError(400, error)
  const status: unknown = error instanceof Error && 'statusCode' in error ? error.statusCode : 500
  if (status === 413) {
    return new ControlError(413, {
      problem: 'The body is too large.',
      fix: 'Send 256 KiB at most.',
    })
  }
  if (typeof status === 'number' && status < 500) {
    return new ControlError(status, { problem: 'The call cannot be read.', fix: 'Check it.' })
  }
  return new ControlError(500, { problem: 'The call failed.', fix: 'The log says why.' })
}
