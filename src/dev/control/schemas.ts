import { STAGES, FAULT_KINDS } from '../fault.ts'

/** A JSON Schema (2020-12), as OpenAPI 3.1 takes it. Schemas document; the readers of each call decide. */
export type Schema = Readonly<Record<string, unknown>>

/** What text looks like. */
export const TEXT: Schema = { type: 'string' }
const NUMBER: Schema = { type: 'number' }
const INTEGER: Schema = { type: 'integer' }
const BOOLEAN: Schema = { type: 'boolean' }
const TIME: Schema = { type: 'string', format: 'date-time' }
const OBJECT: Schema = { type: 'object' }

function orNull(schema: Schema): Schema {
  return { anyOf: [schema, { type: 'null' }] }
}

function list(items: Schema): Schema {
  return { type: 'array', items }
}

/** Describes an object that always has these members. */
export function whole(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', properties, required: Object.keys(properties) }
}

/** Describes an object of which every member may be left out. */
export function partial(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', properties, additionalProperties: false }
}

/** The body of `POST /_dev/clock`. */
export const CLOCK_CHANGE: Schema = {
  ...partial({
    action: { enum: ['freeze', 'set', 'advance', 'resume'] },
    at: { anyOf: [TIME, NUMBER], description: 'For freeze and set.' },
    by: { anyOf: [TEXT, NUMBER], description: 'For advance: such as 15m, or seconds.' },
    signaturesFollow: BOOLEAN,
  }),
  required: ['action'],
}

/** What time it is. */
export const CLOCK: Schema = whole({
  mode: { enum: ['running', 'shifted', 'frozen'] },
  now: TIME,
  wall: TIME,
  offsetSeconds: INTEGER,
  signaturesFollow: BOOLEAN,
  warning: orNull(TEXT),
})

const FAULT_MEMBERS = {
  kind: { enum: Object.keys(FAULT_KINDS) },
  stage: { enum: STAGES },
  code: TEXT,
  reason: TEXT,
  details: list(whole({ location: TEXT, message: TEXT })),
  milliseconds: NUMBER,
  seconds: NUMBER,
  match: partial({ method: TEXT, path: TEXT, merchant: TEXT, operation: TEXT }),
  times: { anyOf: [INTEGER, { const: 'always' }] },
  probability: NUMBER,
} as const

/** The body of `POST /_dev/faults`. */
export const FAULT_REQUEST: Schema = { ...partial(FAULT_MEMBERS), required: ['kind'] }

/** A fault that is set. */
export const FAULT: Schema = {
  type: 'object',
  properties: {
    id: TEXT,
    ...FAULT_MEMBERS,
    left: FAULT_MEMBERS.times,
    hits: INTEGER,
    description: TEXT,
  },
  required: ['id', 'kind', 'stage', 'match', 'times', 'left', 'probability', 'hits', 'description'],
}

/** All faults. */
export const FAULTS: Schema = whole({ faults: list(FAULT) })

const SUMMARY_MEMBERS = {
  id: TEXT,
  at: TIME,
  method: TEXT,
  path: TEXT,
  operation: orNull(TEXT),
  merchant: orNull(TEXT),
  status: orNull(INTEGER),
  outcome: { enum: ['succeeded', 'refused', 'failed', 'broken'] },
  code: orNull(TEXT),
  reason: orNull(TEXT),
  cause: orNull(TEXT),
  milliseconds: NUMBER,
  kid: orNull(TEXT),
  jti: orNull(TEXT),
  faults: list(TEXT),
} as const

/** A list of requests. */
export const REQUESTS: Schema = whole({
  requests: list(whole(SUMMARY_MEMBERS)),
  last: orNull(TEXT),
})

const MESSAGE = whole({
  headers: list({ type: 'array', prefixItems: [TEXT, TEXT], items: false }),
  body: whole({ text: TEXT, bytes: INTEGER, truncated: BOOLEAN }),
})

/** One request, whole. */
export const REQUEST: Schema = whole({
  ...SUMMARY_MEMBERS,
  wallAt: TIME,
  correlationId: orNull(TEXT),
  scheme: orNull({ enum: ['http_signature', 'jwt'] }),
  request: MESSAGE,
  reply: orNull(MESSAGE),
  steps: list({
    type: 'object',
    properties: {
      step: TEXT,
      outcome: { enum: ['passed', 'refused'] },
      reason: TEXT,
      milliseconds: NUMBER,
    },
    required: ['step', 'outcome', 'milliseconds'],
  }),
  error: orNull(
    whole({
      code: TEXT,
      status: INTEGER,
      actor: TEXT,
      message: TEXT,
      cause: TEXT,
      fix: TEXT,
      details: list(OBJECT),
    }),
  ),
  explanation: orNull(OBJECT),
  links: whole({
    kid: orNull(TEXT),
    contextJti: orNull(TEXT),
    jti: orNull(TEXT),
    session: orNull(TEXT),
  }),
})

/** The life of a session. */
export const SESSION: Schema = whole({
  kid: TEXT,
  merchant: orNull(TEXT),
  state: { enum: ['open', 'expired'] },
  openedAt: orNull(TIME),
  expiresAt: orNull(TIME),
  captureContext: orNull(TEXT),
  opened: orNull(REQUEST),
  attempts: list(REQUEST),
  tokens: list(
    whole({ jti: TEXT, token: TEXT, request: TEXT, expiresAt: orNull(TIME), uses: list(REQUEST) }),
  ),
})

/** Everything at a glance. */
export const STATE: Schema = whole({
  url: TEXT,
  startedAt: TIME,
  seed: orNull(TEXT),
  clock: CLOCK,
  faults: list(FAULT),
  requests: whole({ count: INTEGER, last: orNull(TEXT), keeps: INTEGER, bytes: INTEGER }),
  pools: whole({ ready: INTEGER, waiting: INTEGER, kinds: OBJECT }),
  signingKeys: list(whole({ kid: TEXT, active: BOOLEAN })),
  merchants: list(TEXT),
  warnings: list(TEXT),
})

/** The body of `POST /_dev/tokens`. */
export const TOKEN_REQUEST: Schema = partial({
  number: TEXT,
  expirationMonth: TEXT,
  expirationYear: TEXT,
  securityCode: TEXT,
  type: TEXT,
  merchant: TEXT,
  data: OBJECT,
})

/** A transient token and where it comes from. */
export const TOKEN: Schema = whole({
  token: TEXT,
  jti: TEXT,
  kid: TEXT,
  expiresAt: TIME,
  captureContext: TEXT,
  content: OBJECT,
})

/** What can be said of a token or a key. */
export const INSPECTION: Schema = whole({
  kind: TEXT,
  title: TEXT,
  parts: list(
    whole({ title: TEXT, rows: list(whole({ name: TEXT, value: TEXT, meaning: TEXT })) }),
  ),
  problems: list(TEXT),
  verification: whole({
    verified: orNull(BOOLEAN),
    by: orNull(TEXT),
    problem: orNull(TEXT),
    expiry: orNull(TEXT),
  }),
  session: orNull(TEXT),
  requests: list(TEXT),
})

/** Merchants and their configurations. */
export const MERCHANTS: Schema = whole({
  merchants: list(
    whole({
      id: TEXT,
      bundled: BOOLEAN,
      sessionKeys: TEXT,
      disabled: BOOLEAN,
      credentials: list(whole({ keyId: TEXT, kind: TEXT, secret: orNull(TEXT), revoked: BOOLEAN })),
      configurations: list(OBJECT),
    }),
  ),
})

/** The body of a refusal. */
export const REFUSAL: Schema = whole({
  error: {
    type: 'object',
    properties: { problem: TEXT, fix: TEXT, example: OBJECT, reply: OBJECT },
    required: ['problem', 'fix'],
  },
})
