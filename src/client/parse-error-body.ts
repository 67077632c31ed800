import type { Detail } from '../errors.ts'
import { isJsonObject, objectMember, stringMember, type JsonObject } from '../protocol/parse.ts'

const MOST_DETAILS = 100
const MAX_TEXT_LENGTH = 300
const MAX_NESTED_TEXTS = 3

const REASON = /^[A-Za-z][A-Za-z0-9_.-]{0,38}$/
const CORRELATION_ID = /^[A-Za-z0-9_.-]{1,39}$/
// Longer than a key id (32), a UUID (36) or any reason; a jti (64), a secret (44) and a JWT are never shorter.
const TOKEN = /[A-Za-z0-9+/_=.-]{40,}/g
// Names of fields between dots, such as captureData.paymentInformation.card.number: longer than 40, and no token.
const FIELD_PATH = /^[A-Za-z]{1,39}(?:\.[A-Za-z]{1,39})*$/
const CARD_NUMBER = /\d(?:[ -]?\d){11,}/g
const CONTROL_CHARACTERS = /\p{Cc}+/gu

/** What could be read of an error reply; undefined is what it does not say. */
export interface ErrorBody {
  readonly reason: string | undefined
  readonly message: string | undefined
  readonly correlationId: string | undefined
  readonly details: readonly Detail[]
}

/**
 * Reads the body of an error reply in every shape that is known: flat, under `responseStatus`, the gateway's
 * `response.rmsg` (text, an object, or an object as text), and each of these as JSON text within JSON.
 *
 * Never throws: what is not JSON says nothing. Anything in the texts that could be a token or a card number is replaced,
 * because proxies quote the requested path.
 */
export function parseErrorBody(text: string): ErrorBody {
  const body = parseNested(text)
  const root = isJsonObject(body) ? body : {}
  const gateway = rmsgOf(root)
  if (gateway !== undefined)
    return { ...gateway, correlationId: correlationIdOf(root), details: [] }
  const status = objectMember(root, 'responseStatus') ?? root
  return {
    reason: matching(REASON, stringMember(status, 'reason')),
    message: publicText(stringMember(status, 'message')),
    correlationId: correlationIdOf(status) ?? correlationIdOf(root),
    details: detailsOf(status['details']),
  }
}

/** Parses JSON whose strings are JSON again; a text that is not JSON is returned as it is. */
function parseNested(text: string): unknown {
  let value: unknown = text
  for (let depth = 0; typeof value === 'string' && depth < MAX_NESTED_TEXTS; depth += 1) {
    try {
      value = JSON.parse(value)
    } catch {
      return value
    }
  }
  return value
}

function rmsgOf(root: JsonObject): Pick<ErrorBody, 'reason' | 'message'> | undefined {
  const response = objectMember(root, 'response')
  if (response === undefined || !Object.hasOwn(response, 'rmsg')) return undefined
  const written = response['rmsg']
  const rmsg = typeof written === 'string' ? parseNested(written) : written
  if (isJsonObject(rmsg)) {
    return {
      reason: matching(REASON, stringMember(rmsg, 'error')),
      message: publicText(stringMember(rmsg, 'error_description')),
    }
  }
  return { reason: undefined, message: publicText(typeof written === 'string' ? written : '') }
}

/** Reads details of Flex (`location`, `message`) and of payments (`field`, `reason`); one object stands for a list. */
function detailsOf(details: unknown): readonly Detail[] {
  const list: readonly unknown[] = Array.isArray(details) ? details : [details]
  return list
    .filter(isJsonObject)
    .slice(0, MOST_DETAILS)
    .map((detail) => ({
      location: publicPath(stringMember(detail, 'location') ?? stringMember(detail, 'field')) ?? '',
      message: publicText(stringMember(detail, 'message') ?? stringMember(detail, 'reason')) ?? '',
    }))
    .filter(({ location, message }) => location !== '' || message !== '')
}

function correlationIdOf(object: JsonObject): string | undefined {
  return parseCorrelationId(stringMember(object, 'correlationId'))
}

/** Returns a correlation id as it is; undefined when there is none, or it is not 1 to 39 of `[A-Za-z0-9_.-]`. */
export function parseCorrelationId(text: string | null | undefined): string | undefined {
  return matching(CORRELATION_ID, text)
}

function matching(pattern: RegExp, text: string | null | undefined): string | undefined {
  return typeof text === 'string' && pattern.test(text) ? text : undefined
}

function publicPath(text: string | undefined): string | undefined {
  return matching(FIELD_PATH, text?.slice(0, MAX_TEXT_LENGTH)) ?? publicText(text)
}

function publicText(text: string | undefined): string | undefined {
  const redacted = text
    ?.replaceAll(TOKEN, '[redacted]')
    .replaceAll(CARD_NUMBER, '[redacted]')
    .replaceAll(CONTROL_CHARACTERS, ' ')
    .slice(0, MAX_TEXT_LENGTH)
    .trim()
  return redacted === '' ? undefined : redacted
}
