import { systemClock } from '../../clock-and-random.ts'
import { parseJwtReply } from '../../client/compact-jwt.ts'
import { createToken } from '../../client/create-token.ts'
import { FlexError } from '../../client/flex-error.ts'
import { verifyCaptureContext } from '../../client/verify-capture-context.ts'
import { verifyTransientToken } from '../../client/verify-transient-token.ts'
import { parseJsonObject, stringMember } from '../../protocol/parse.ts'
import { allowedOrigins, isLoopback } from '../connection.ts'
import { DEFAULT_FIELDS, requestOf } from '../session-fields.ts'
import { call, type Caller, type Called } from './call.ts'
import type { Configuration } from './configuration.ts'
import { explainFailure } from './explain.ts'
import type { Cell, Report, Row } from './report.ts'
import { createSigners } from './signers.ts'
import { WAYS, type Way } from './ways.ts'

/** How far a rehearsal goes. */
export interface RehearseOptions {
  /** The ways to try. */
  readonly ways: readonly Way[]
  /** Further origins that may receive card data. */
  readonly origins: readonly string[]
  /** Whether payments are made at a host that is not this machine. */
  readonly pay: boolean
}

/** A way that is configured. */
interface Rehearsed {
  readonly way: Way
  readonly caller: Caller
  readonly session: Called<string>
}

interface Token {
  readonly jwt: string
  readonly jti: string
}

/**
 * Talks to a service in every way for which there is a configuration: opens a session, makes one transient token with a
 * published test card, reads it back and pays with it. Sends nothing but what an official client would.
 */
export async function rehearse(
  configuration: Configuration,
  options: RehearseOptions,
): Promise<Report> {
  const { url, merchantId } = configuration
  const tried: Rehearsed[] = []
  for (const way of options.ways) {
    const caller = callerOf(way, configuration, tried)
    if (caller !== undefined) tried.push({ way, caller, session: await openSession(caller) })
  }
  const token = await makeToken(tried, url, options)
  const rows: Row[] = []
  for (const way of options.ways) {
    const rehearsed = tried.find((each) => each.way === way)
    rows.push(
      rehearsed === undefined ? notConfigured(way) : await tryWay(rehearsed, { token, options }),
    )
  }
  const isReady = 'jti' in token && rows.every(({ state }) => state !== 'not ready')
  const problem = 'jti' in token ? {} : { tokenProblem: token }
  return { ready: isReady && tried.length > 0, url, merchantId, rows, ...problem }
}

/** Finds the ways of some names; all of them when none is named. */
export function waysOf(names: readonly string[] | undefined): readonly Way[] {
  return names === undefined ? WAYS : WAYS.filter(({ name }) => names.includes(name))
}

/** Chooses how a way is signed: as another way that opened a session, so that it fails for its own reasons alone. */
function callerOf(
  way: Way,
  configuration: Configuration,
  earlier: readonly Rehearsed[],
): Caller | undefined {
  if (way.isConfigured?.(configuration) === false) return undefined
  const signers = createSigners(configuration)
  const worked = earlier.filter(({ session }) => session.ok).map((each) => each.way.name)
  const schemes = way.schemes.filter((scheme) => signers[scheme] !== undefined)
  const scheme = schemes.find((name) => worked.includes(name)) ?? schemes[0]
  const sign = scheme && signers[scheme]
  if (sign === undefined) return undefined
  const { url, mleRequest, mleReply } = configuration
  return {
    url,
    sign,
    encryptTo: way.encrypts === 'request' ? mleRequest : undefined,
    decryptWith: way.encrypts === 'reply' ? mleReply : undefined,
  }
}

function notConfigured({ name: way, title, lacking }: Way): Row {
  return { way, title, state: 'not configured', lacking, operations: {} }
}

function openSession(caller: Caller): Promise<Called<string>> {
  const json = requestOf(DEFAULT_FIELDS)
  const operation = {
    method: 'POST',
    path: '/flex/v2/sessions',
    accept: 'application/jwt',
  } as const
  return call(caller, { ...operation, json }, parseJwtReply)
}

/** Makes the one token that every way is tried with, for the first session that was opened. */
async function makeToken(
  tried: readonly Rehearsed[],
  url: string,
  { origins }: RehearseOptions,
): Promise<Token | Cell> {
  const [jwt] = tried.flatMap(({ session }) => (session.ok ? [session.reply] : []))
  if (jwt === undefined) return { state: 'fails', message: 'No way opened a session.' }
  const card = {
    number: '4111111111111111',
    expirationMonth: '12',
    expirationYear: String(systemClock().getUTCFullYear() + 3),
  }
  try {
    const captureContext = await verifyCaptureContext(jwt, {
      origins: allowedOrigins(url, origins),
      publicKeyOrigin: url,
    })
    const token = await createToken({ captureContext, data: { paymentInformation: { card } } })
    const { jti } = await verifyTransientToken(token, captureContext)
    return { jwt: token, jti }
  } catch (error) {
    if (error instanceof FlexError) return explainFailure(error, {})
    throw error
  }
}

interface Tried {
  readonly token: Token | Cell
  readonly options: RehearseOptions
}

async function tryWay(rehearsed: Rehearsed, tried: Tried): Promise<Row> {
  const { way, caller, session } = rehearsed
  const operations = {
    session: judge(session, way, { mayBePlain: true }),
    details: await tryDetails(way, caller, tried),
    payment: await tryPayment(way, caller, tried),
  }
  const isReady = Object.values(operations).every(({ state }) => state !== 'fails')
  return { way: way.name, title: way.title, state: isReady ? 'ready' : 'not ready', operations }
}

const NO_TOKEN: Cell = { state: 'skipped', message: 'There is no transient token to try it with.' }

async function tryDetails(way: Way, caller: Caller, { token }: Tried): Promise<Cell> {
  if (way.encrypts === 'request') {
    return { state: 'skipped', message: 'It has no body to encrypt.' }
  }
  if (!('jti' in token)) return NO_TOKEN
  const path = `/flex/v2/payment-details/${token.jti}`
  const asked = { method: 'GET', path, accept: 'application/json' } as const
  return judge(await call(caller, asked, parseJsonObject), way)
}

async function tryPayment(way: Way, caller: Caller, { token, options }: Tried): Promise<Cell> {
  if (!options.pay && !isLoopback(caller.url)) {
    return { state: 'skipped', message: 'It could be a real payment: make it with --pay.' }
  }
  if (!('jti' in token)) return NO_TOKEN
  const json = {
    clientReferenceInformation: { code: 'rehearsal' },
    tokenInformation: { transientTokenJwt: token.jwt },
    orderInformation: { amountDetails: { totalAmount: '1.00', currency: 'USD' } },
  }
  const asked = { method: 'POST', path: '/pts/v2/payments', accept: 'application/json' } as const
  const called = await call(caller, { ...asked, json }, readStatus)
  if (!called.ok && called.error.status === 404) {
    return { state: 'skipped', message: 'This host takes no payments.' }
  }
  const cell = judge(called, way)
  if (!called.ok || cell.state === 'fails' || called.reply === 'AUTHORIZED') return cell
  return { ...cell, message: `The payment was answered with ${called.reply}.` }
}

const STATUS = /^[A-Z_]{1,40}$/

function readStatus(text: string): string | undefined {
  const status = stringMember(parseJsonObject(text) ?? {}, 'status')
  return status !== undefined && STATUS.test(status) ? status : undefined
}

/** A reply that shall be encrypted must be; a capture context stays plain, as clients take a JWT only as it is. */
function judge(
  called: Called<unknown>,
  way: Way,
  { mayBePlain = false }: { readonly mayBePlain?: boolean } = {},
): Cell {
  if (!called.ok) return explainFailure(called.error, called.coatcheck, way.fix)
  if (way.encrypts !== 'reply' || called.wasEncrypted) return { state: 'works' }
  if (mayBePlain) return { state: 'works', message: 'A capture context stays plain.' }
  return {
    state: 'fails',
    message: 'The reply came plain, although it was asked for encrypted.',
    reason: 'REPLY_NOT_ENCRYPTED',
    fix: way.fix,
  }
}
