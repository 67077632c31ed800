import { isJsonObject } from '../../protocol/parse.ts'
import { readBoolean, type ControlCall } from './call.ts'
import { changeClock } from './clock-call.ts'
import type { Example } from './control-error.ts'
import type { EventStreams } from './events.ts'
import { listMerchants } from './merchants-call.ts'
import { listRequests, showRequest } from './request-calls.ts'
import {
  CLOCK,
  CLOCK_CHANGE,
  FAULT,
  FAULT_REQUEST,
  FAULTS,
  INSPECTION,
  MERCHANTS,
  partial,
  REQUEST,
  REQUESTS,
  SESSION,
  STATE,
  TEXT,
  TOKEN,
  TOKEN_REQUEST,
  whole,
  type Schema,
} from './schemas.ts'
import { showSession } from './session-call.ts'
import { showState, type ControlNeeds } from './state.ts'
import { createTokenAtOnce } from './tokens-call.ts'

/** What a route runs with beyond what it changes. */
export interface ControlScene {
  readonly needs: ControlNeeds
  readonly events: EventStreams
  readonly random: { uuid(): string; bytes(count: number): Buffer }
  /** Aborts when the caller has gone. */
  readonly signal: AbortSignal
}

/** One call of the control API. */
export interface ControlRoute {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Fastify's notation. */
  readonly path: string
  /** The operation's name in the OpenAPI document. */
  readonly name: string
  readonly summary: string
  /** The parameters of the query. Default is none. */
  readonly query?: readonly string[]
  readonly body?: Schema
  readonly status: number
  readonly reply: Schema
  /** Shown to whom calls it wrongly. */
  readonly example: Example
  run(scene: ControlScene, call: ControlCall): unknown
}

const get = (path: string): Example => ({ method: 'GET', path })
const post = (path: string, body: object): Example => ({ method: 'POST', path, body })

/** Every call of the control API that is answered at once. The stream of events is the other one. */
export const CONTROL_ROUTES: readonly ControlRoute[] = [
  {
    method: 'GET',
    path: '/_dev/state',
    name: 'getState',
    summary: 'Show everything at a glance',
    status: 200,
    reply: STATE,
    example: get('/_dev/state'),
    run: ({ needs }) => showState(needs),
  },
  {
    method: 'GET',
    path: '/_dev/requests',
    name: 'listRequests',
    summary: 'List the last requests, newest first; wait for the next one',
    query: [
      'limit',
      'after',
      'operation',
      'merchant',
      'outcome',
      'status',
      'kid',
      'method',
      'path',
      'wait',
    ],
    status: 200,
    reply: REQUESTS,
    example: get('/_dev/requests?operation=createTransientToken&after=r12&wait=5'),
    run: ({ needs, signal }, call) => listRequests(needs, call, signal),
  },
  {
    method: 'GET',
    path: '/_dev/requests/:id',
    name: 'getRequest',
    summary: 'Show one request, whole',
    status: 200,
    reply: REQUEST,
    example: get('/_dev/requests/r12'),
    run: ({ needs }, call) => showRequest(needs, call),
  },
  {
    method: 'GET',
    path: '/_dev/sessions/:kid',
    name: 'getSession',
    summary: 'Show the whole life of a session',
    status: 200,
    reply: SESSION,
    example: get('/_dev/sessions/<flx.jwk.kid>'),
    run: ({ needs }, call) => showSession(needs, call),
  },
  {
    method: 'GET',
    path: '/_dev/clock',
    name: 'getClock',
    summary: 'Show what time it is',
    status: 200,
    reply: CLOCK,
    example: get('/_dev/clock'),
    run: ({ needs }) => needs.clock.state(),
  },
  {
    method: 'POST',
    path: '/_dev/clock',
    name: 'changeClock',
    summary: 'Freeze, set, advance or resume the clock',
    body: CLOCK_CHANGE,
    status: 200,
    reply: CLOCK,
    example: post('/_dev/clock', { action: 'advance', by: '15m' }),
    run: ({ needs }, call) => changeClock(needs.clock, call),
  },
  {
    method: 'GET',
    path: '/_dev/faults',
    name: 'listFaults',
    summary: 'List the faults that are set',
    status: 200,
    reply: FAULTS,
    example: get('/_dev/faults'),
    run: ({ needs }) => ({ faults: needs.faults.list() }),
  },
  {
    method: 'POST',
    path: '/_dev/faults',
    name: 'addFault',
    summary: 'Set a fault',
    body: FAULT_REQUEST,
    status: 201,
    reply: FAULT,
    example: post('/_dev/faults', { kind: 'error', code: 'STORE_UNAVAILABLE', times: 1 }),
    run: ({ needs }, { body }) => needs.faults.addUnread(body),
  },
  {
    method: 'DELETE',
    path: '/_dev/faults',
    name: 'clearFaults',
    summary: 'Remove one fault, or all',
    query: ['id'],
    status: 200,
    reply: whole({ removed: { type: 'integer' } }),
    example: { method: 'DELETE', path: '/_dev/faults?id=f1' },
    run: ({ needs }, { query }) => ({ removed: needs.faults.clear(query['id']) }),
  },
  {
    method: 'POST',
    path: '/_dev/reset',
    name: 'reset',
    summary: 'Resume the clock, remove the faults, forget the requests',
    body: partial({ store: { type: 'boolean' } }),
    status: 200,
    reply: STATE,
    example: post('/_dev/reset', { store: true }),
    run: async ({ needs, events }, call) => {
      const store = readBoolean(call, 'store') ?? false
      await needs.reset({ store })
      events.noteReset(store)
      return showState(needs)
    },
  },
  {
    method: 'POST',
    path: '/_dev/tokens',
    name: 'createToken',
    summary: 'Create a transient token in one call',
    body: TOKEN_REQUEST,
    status: 201,
    reply: TOKEN,
    example: post('/_dev/tokens', { number: '4111111111111111', expirationMonth: '12' }),
    run: ({ needs, random }, call) => createTokenAtOnce(needs, call, random),
  },
  {
    method: 'POST',
    path: '/_dev/inspect',
    name: 'inspect',
    summary: 'Explain and verify a JWT, a JWE, a jti or a key',
    body: { ...whole({ text: TEXT }), additionalProperties: false },
    status: 200,
    reply: INSPECTION,
    example: post('/_dev/inspect', { text: 'eyJraWQiOi…' }),
    run: async ({ needs }, call) => (await import('./inspect-call.ts')).inspect(needs, call),
  },
  {
    method: 'GET',
    path: '/_dev/merchants',
    name: 'listMerchants',
    summary: 'List merchants, with configurations of the official clients',
    status: 200,
    reply: MERCHANTS,
    example: get('/_dev/merchants'),
    run: ({ needs }) => listMerchants(needs),
  },
]

/** Returns the members that a body may have; undefined when the route takes none. */
export function membersOf({ body }: ControlRoute): readonly string[] | undefined {
  const properties = body?.['properties']
  return isJsonObject(properties) ? Object.keys(properties) : undefined
}
