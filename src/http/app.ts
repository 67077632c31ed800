import cors from '@fastify/cors'
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Random } from '../clock-and-random.ts'
import { ServiceError } from '../errors.ts'
import type { Limits } from '../limits/limits.ts'
import type { Authenticated } from '../merchant/authenticate.ts'
import type { MerchantRequest } from '../merchant/by-http-signature.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { readCall, readMerchantRequest, type Call } from './call.ts'
import { createBrokenRequests, type BrokenRequests } from './broken-request.ts'
import { encryptReply, findReplyKey, type EncryptReplyNeeds } from './encrypt-reply.ts'
import { mayBeEncrypted, openRequest, type OpenRequestNeeds } from './open-request.ts'
import { createGathering, type Gather } from './gather.ts'
import { NO_SCHEMAS } from './no-schemas.ts'
import type { Reply } from './reply.ts'
import { errorReply, respondError } from './respond-error.ts'
import { ROUTES, type Operations, type Route } from './routes.ts'
import {
  ANSWER_HALF_CLOSED,
  REQUEST_TIMEOUT_MILLISECONDS,
  SERVER_OPTIONS,
} from './server-options.ts'
import { trackUnused } from './unused-connections.ts'

const MAX_BODY_BYTES = 64 * 1024
const LONGEST_PARAMETER = 8192
const METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'] as const

/** What the HTTP side needs. */
export interface HttpNeeds {
  readonly operations: Operations
  /** Routes beside those that every mode has. */
  readonly furtherRoutes: readonly Route[]
  authenticate(request: MerchantRequest): Promise<Authenticated>
  /** Message-level encryption of requests and replies. */
  readonly mle: OpenRequestNeeds & EncryptReplyNeeds
  readonly limits: Limits
  readonly random: Random
  readonly logger: Logger
  readonly metrics: Metrics
  /** See {@link readCall}. */
  readonly publicOrigin: string | undefined
  /** Tells whether pages of an origin may call the tokens endpoint and read public keys. */
  isAllowedOrigin(origin: string): boolean
  /** See {@link ErrorReplies}. */
  readonly explain: boolean
  /** Where requests wait for each other. Default is {@link createGathering}. */
  readonly gather?: Gather
  /** Addresses of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[]
}

/** Makes the HTTP application: every public route, one error handler, raw bytes kept for authentication. */
export async function createApp(needs: HttpNeeds): Promise<FastifyInstance> {
  const broken = createBrokenRequests(needs)
  const app = fastify({
    schemaController: NO_SCHEMAS,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MILLISECONDS,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    trustProxy: needs.trustedProxies.length > 0 ? [...needs.trustedProxies] : false,
    genReqId: () => needs.random.uuid(),
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    http: SERVER_OPTIONS,
    clientErrorHandler: (error, socket) => broken.answer(error, socket),
    frameworkErrors: (error, request, reply) => {
      setCommonHeaders(request, reply)
      respondError(needs, error, { request, reply })
    },
  })
  keepRawBodies(app)
  endConnectionsOnClose(app)
  Object.assign(app.server, ANSWER_HALF_CLOSED)
  ignoreExpectations(app)
  frameRequests(app, needs, broken)
  app.setErrorHandler((error, request, reply) => respondError(needs, error, { request, reply }))
  app.setNotFoundHandler((request, reply) =>
    respondError(needs, new ServiceError('RESOURCE_NOT_FOUND'), { request, reply }),
  )
  const routes = [...ROUTES, ...needs.furtherRoutes]
  await app.register(async (scope) => {
    // The plugin would answer a preflight of any path.
    scope.addHook('onRequest', ({ routeOptions }, _reply, done) => {
      if (routeOptions.url === '*') throw new ServiceError('RESOURCE_NOT_FOUND')
      done()
    })
    await scope.register(cors, {
      methods: ['GET', 'POST'],
      strictPreflight: false,
      exposedHeaders: ['digest', 'v-c-correlation-id'],
      origin: (origin, decide) =>
        decide(null, origin !== undefined && needs.isAllowedOrigin(origin)),
    })
    addRoutes(
      scope,
      needs,
      routes.filter((route) => route.cors),
    )
  })
  addRoutes(
    app,
    needs,
    routes.filter((route) => !route.cors),
  )
  return app
}

function frameRequests(app: FastifyInstance, needs: HttpNeeds, broken: BrokenRequests): void {
  app.addHook('onRequest', (request, reply, done) => {
    broken.begin({ request: request.raw, reply: reply.raw })
    setCommonHeaders(request, reply)
    requireOneHost(request)
    refuseBodyOfGet(request)
    done()
  })
  const { gather = createGathering() } = needs
  app.addHook('preHandler', (_request, _reply, done) => gather(done))
  app.addHook('onResponse', (request, reply, done) => {
    noteResponse(needs, request, reply)
    done()
  })
}

function keepRawBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
}

/** An expectation that is not known may be ignored (RFC 9110 §10.1.1); Node would refuse it without a body. */
function ignoreExpectations({ server }: FastifyInstance): void {
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
}

/** There is one host, which HTTP/1.0 may leave out (RFC 9112 §3.2): of two, a proxy may have believed the other. */
function requireOneHost({ raw }: FastifyRequest): void {
  const hosts = raw.rawHeaders.filter(
    (text, index) => index % 2 === 0 && text.toLowerCase() === 'host',
  )
  const fewest = raw.httpVersion === '1.1' ? 1 : 0
  if (hosts.length < fewest || hosts.length > 1) throw new ServiceError('REQUEST_MALFORMED')
}

/** Such content means nothing (RFC 9110 §9.3.1), and is not read: nobody would hold it against its digest. */
function refuseBodyOfGet({ raw }: FastifyRequest): void {
  if (raw.method !== 'GET' && raw.method !== 'HEAD') return
  const { 'content-length': length = '0', 'transfer-encoding': coding } = raw.headers
  if (coding !== undefined || Number(length) > 0) throw new ServiceError('REQUEST_MALFORMED')
}

/** Once closing begins, a connection ends with the answer that is due on it: kept alive it would hold up the end. */
function endConnectionsOnClose(app: FastifyInstance): void {
  let isClosing = false
  const endUnused = trackUnused(app.server, 'connection')
  app.addHook('preClose', async () => {
    isClosing = true
    endUnused()
  })
  app.addHook('onSend', async (_request, reply) => {
    if (isClosing) reply.header('connection', 'close')
  })
}

function addRoutes(app: FastifyInstance, needs: HttpNeeds, routes: readonly Route[]): void {
  for (const route of routes) {
    const methods = methodsOf(route)
    app.route({
      method: [...methods],
      url: route.path,
      handler: async (request, reply) => send(reply, await run(needs, route, request)),
    })
    app.route({
      method: METHODS.filter((method) => !methods.some((allowed) => allowed === method)),
      url: route.path,
      handler: (_request, reply) => {
        reply.header('allow', methods.join(', '))
        throw new ServiceError('METHOD_NOT_ALLOWED')
      },
    })
  }
}

/** A HEAD is a GET whose answer has no body (RFC 9110 §9.3.2): what is released would be lost. */
function methodsOf({ method, releases }: Route): readonly ('GET' | 'HEAD' | 'POST')[] {
  return method === 'GET' && !releases ? ['GET', 'HEAD'] : [method]
}

async function run(needs: HttpNeeds, route: Route, request: FastifyRequest): Promise<Reply> {
  const call = readCall(request, needs.publicOrigin)
  if (route.caller === 'anyone') {
    await needs.limits.admit(route.name, { address: request.ip })
    return route.run(needs.operations, call)
  }
  const authenticated = await needs.authenticate(readMerchantRequest(request))
  const { merchant, responseMleKid, credential } = authenticated
  if (route.releases && authenticated.jwtVersion !== 2) throw new ServiceError('JWT_V2_REQUIRED')
  await needs.limits.admit(route.name, { merchantId: merchant.id, address: request.ip })
  const proceed = (opened: Call): Promise<Reply> =>
    route.run(
      needs.operations,
      merchant,
      route.releases ? { ...opened, keyId: credential.keyId } : opened,
    )
  if (responseMleKid === undefined && !mayBeEncrypted(call.body)) return proceed(call)
  return runUnderMle(needs, { authenticated, call, request }, proceed)
}

/** A request of a merchant that is encrypted, or whose reply shall be. */
interface MleRequest {
  readonly authenticated: Authenticated
  readonly call: Call
  readonly request: FastifyRequest
}

async function runUnderMle(
  needs: HttpNeeds,
  { authenticated, call, request }: MleRequest,
  proceed: (opened: Call) => Promise<Reply>,
): Promise<Reply> {
  const replyKey = await findReplyKey(needs.mle, authenticated)
  const open = async (): Promise<Reply> =>
    proceed({ ...call, body: await openRequest(needs.mle, call.body, authenticated) })
  if (replyKey === undefined) return open()
  try {
    return encryptReply(needs.mle, await open(), replyKey)
  } catch (thrown) {
    return encryptReply(needs.mle, errorReply(needs, thrown, request), replyKey)
  }
}

function send(
  reply: FastifyReply,
  { status, contentType, body, headers = {} }: Reply,
): FastifyReply {
  return reply.code(status).headers(headers).type(contentType).send(body)
}

function setCommonHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('v-c-correlation-id', request.id).header('cache-control', 'no-store')
}

function noteResponse(needs: HttpNeeds, request: FastifyRequest, reply: FastifyReply): void {
  const route = request.routeOptions.url ?? 'unknown'
  const { method } = request
  const { statusCode: status, elapsedTime: milliseconds } = reply
  needs.metrics.noteResponse({ route, method, status, milliseconds })
  needs.logger.info('request', {
    correlationId: request.id,
    method,
    route,
    status,
    milliseconds: Math.round(milliseconds * 10) / 10,
  })
}
