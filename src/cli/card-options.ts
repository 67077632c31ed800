import type { CardDataInput } from '../client/create-token.ts'
import type { VerifiedCaptureContext } from '../client/verified-capture-context.ts'
import { OperatorError } from '../errors.ts'
import { parseJsonObject, stringsMember } from '../protocol/parse.ts'
import { readText } from './read-text.ts'

/** The options of `coatcheck token` that make up the card data. */
export interface CardOptions {
  readonly number?: string
  readonly expirationMonth?: string
  readonly expirationYear?: string
  readonly securityCode?: string
  readonly data?: string
}

const TEST_NUMBER = '4111111111111111'
const YEARS_AHEAD = 3

/**
 * Returns the card data to send: the JSON of `--data`, else the single options over those defaults that the session
 * declares (a published test number that is good for some years).
 */
export async function readCardOptions(
  options: CardOptions,
  { claims }: VerifiedCaptureContext,
  now: Date,
): Promise<CardDataInput> {
  const { data, number, expirationMonth, expirationYear, securityCode } = options
  if (data !== undefined) return parseData(await readText(data, 'the card data as JSON'))
  const defaults = {
    number: TEST_NUMBER,
    expirationMonth: '12',
    expirationYear: String(now.getUTCFullYear() + YEARS_AHEAD),
  }
  const declared = declaredFields(claims.ctx[0]?.data ?? {})
  const isDeclared = (name: string): boolean => declared === undefined || declared.includes(name)
  const card = {
    ...Object.fromEntries(Object.entries(defaults).filter(([name]) => isDeclared(name))),
    ...(number !== undefined && { number }),
    ...(expirationMonth !== undefined && { expirationMonth }),
    ...(expirationYear !== undefined && { expirationYear }),
    ...(securityCode !== undefined && { securityCode }),
  }
  return { paymentInformation: { card } }
}

/** Returns the names of the card fields that a session declares; undefined when it does not list fields. */
function declaredFields(data: Parameters<typeof stringsMember>[0]): readonly string[] | undefined {
  const required = stringsMember(data, 'requiredFields')
  const optional = stringsMember(data, 'optionalFields')
  if (required === undefined && optional === undefined) return undefined
  const prefix = 'paymentInformation.card.'
  return [...(required ?? []), ...(optional ?? [])]
    .filter((path) => path.startsWith(prefix))
    .map((path) => path.slice(prefix.length))
}

function parseData(json: string): CardDataInput {
  const data = parseJsonObject(json)
  if (data !== undefined) return data
  throw new OperatorError(
    'The card data is not a JSON object.',
    'Write {"paymentInformation":{"card":{"number":"4111111111111111"}}}, for example.',
  )
}
