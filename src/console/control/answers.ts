import {
  either,
  flag,
  ifFit,
  list,
  number,
  object,
  oneOf,
  orNull,
  record,
  text,
  type Shape,
} from './shape.ts'

/** How a request can end. */
export const OUTCOMES = ['succeeded', 'refused', 'failed', 'broken'] as const

const summaryMembers = {
  id: text,
  at: text,
  method: text,
  path: text,
  operation: orNull(text),
  merchant: orNull(text),
  status: orNull(number),
  outcome: oneOf(OUTCOMES),
  code: orNull(text),
  reason: orNull(text),
  cause: orNull(text),
  milliseconds: number,
  kid: orNull(text),
  jti: orNull(text),
  faults: list(text),
} as const

/** Reads a request, in short. */
export const readSummary = object(summaryMembers)
/** A request, in short. */
export type Summary = Shape<typeof readSummary>

/** Reads the answer of `GET /_dev/requests`. */
export const readRequests = object({ requests: list(readSummary), last: orNull(text) })

const readMessage = object({
  headers: list(list(text)),
  body: object({ text, bytes: number, truncated: flag }),
})
/** Headers and body. */
export type Message = Shape<typeof readMessage>

const readStep = object({
  step: text,
  outcome: oneOf(['passed', 'refused']),
  reason: orNull(text),
  milliseconds: number,
})
/** One check of a request. */
export type Step = Shape<typeof readStep>

const readExplanation = object({
  reason: ifFit(text),
  message: ifFit(text),
  mistake: ifFit(text),
  stringToSign: ifFit(object({ expected: text, received: orNull(text) })),
  expected: ifFit(text),
  received: ifFit(text),
  keyId: ifFit(text),
  missing: ifFit(list(text)),
  components: ifFit(list(text)),
  headers: ifFit(list(text)),
  problem: ifFit(text),
})
/** Why a request was refused; which members there are depends on the reason. */
export type Explanation = Shape<typeof readExplanation>

const readDetail = object({ location: ifFit(text), message: ifFit(text) })

const readError = object({
  code: text,
  status: number,
  actor: text,
  message: text,
  cause: text,
  fix: text,
  details: list(readDetail),
})

/** Reads a request, whole. */
export const readRecord = object({
  ...summaryMembers,
  wallAt: text,
  correlationId: orNull(text),
  scheme: orNull(text),
  request: readMessage,
  reply: orNull(readMessage),
  steps: list(readStep),
  error: orNull(readError),
  explanation: ifFit(readExplanation),
})
/** A request, whole. */
export type RequestRecord = Shape<typeof readRecord>

/** Reads the life of a session. */
export const readSession = object({
  kid: text,
  merchant: orNull(text),
  state: oneOf(['open', 'expired']),
  openedAt: orNull(text),
  expiresAt: orNull(text),
  captureContext: orNull(text),
  opened: orNull(readRecord),
  attempts: list(readRecord),
  tokens: list(
    object({
      jti: text,
      token: text,
      request: text,
      expiresAt: orNull(text),
      uses: list(readRecord),
    }),
  ),
})
/** The life of a session. */
export type Session = Shape<typeof readSession>

/** Reads what time it is. */
export const readClock = object({
  mode: oneOf(['running', 'shifted', 'frozen']),
  now: text,
  wall: text,
  offsetSeconds: number,
  signaturesFollow: flag,
  warning: orNull(text),
})
/** What time it is in the emulator. */
export type Clock = Shape<typeof readClock>

const readCount = either(number, oneOf(['always']))

/** Reads a fault that is set. */
export const readFault = object({
  id: text,
  kind: text,
  left: readCount,
  times: readCount,
  hits: number,
  description: text,
})
/** A fault that is set. */
export type Fault = Shape<typeof readFault>

/** Reads all faults. */
export const readFaults = object({ faults: list(readFault) })

const readDepth = object({ depth: number, target: number, oldestSeconds: orNull(number) })

/** Reads the pools of session keys. */
export const readPools = object({ ready: number, waiting: number, kinds: record(readDepth) })
/** The pools of session keys. */
export type Pools = Shape<typeof readPools>

/** Reads everything at a glance. */
export const readState = object({
  url: text,
  startedAt: text,
  seed: orNull(text),
  clock: readClock,
  faults: list(readFault),
  requests: object({ count: number, last: orNull(text), keeps: number }),
  pools: readPools,
  signingKeys: list(object({ kid: text, active: flag })),
  merchants: list(text),
})
/** Everything at a glance. */
export type State = Shape<typeof readState>

/** Reads what can be said of a token or a key. */
export const readInspection = object({
  kind: text,
  title: text,
  parts: list(
    object({ title: text, rows: list(object({ name: text, value: text, meaning: orNull(text) })) }),
  ),
  problems: list(text),
  verification: object({
    verified: orNull(flag),
    by: orNull(text),
    problem: orNull(text),
    expiry: orNull(text),
  }),
  session: orNull(text),
  requests: list(text),
})
/** What can be said of a token or a key. */
export type Inspection = Shape<typeof readInspection>

/** Reads merchants and their configurations. */
export const readMerchants = object({
  merchants: list(
    object({
      id: text,
      bundled: flag,
      sessionKeys: text,
      disabled: flag,
      credentials: list(
        object({ keyId: text, kind: text, secret: orNull(text), revoked: orNull(flag) }),
      ),
      configurations: list(
        object({ language: text, authentication: text, evidence: text, lines: list(text) }),
      ),
    }),
  ),
})
/** A merchant. */
export type Merchant = Shape<typeof readMerchants>['merchants'][number]

/** Reads a transient token that was made in one call. */
export const readToken = object({ kid: text, jti: text })

/** Reads the body of a refusal. */
export const readRefusal = object({ error: object({ problem: text, fix: text }) })
