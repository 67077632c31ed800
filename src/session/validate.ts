import { ServiceError, type Detail } from '../errors.ts'
import { checkCardData } from '../protocol/card-data-rules.ts'
import type { ContextEntry } from '../protocol/capture-context.ts'
import type { CardData } from '../protocol/field-catalogue.ts'
import { stringsMember, type JsonObject } from '../protocol/parse.ts'
import { readCardData } from '../protocol/token-request.ts'

interface ValidateNeeds {
  readonly now: Date
  /** A further check of the card number: its fault, or undefined when the number may be used here. */
  checkNumber(pan: string): string | undefined
}

/**
 * Reads captured data and checks it against what the session declared and against the card rules.
 *
 * @throws ServiceError `NO_DATA` when every field is empty, `CARD_DATA_INVALID` with all other faults at once.
 */
export function validateCardData(
  data: JsonObject,
  entry: ContextEntry,
  needs: ValidateNeeds,
): CardData {
  const { values, faults } = readCardData(data)
  const required = stringsMember(entry.data, 'requiredFields') ?? []
  const declared = new Set([...required, ...(stringsMember(entry.data, 'optionalFields') ?? [])])
  const given = new Set<string>([...values.keys(), ...faults.map(({ location }) => location)])
  const details = firstOfEach([
    ...faults,
    ...[...values.keys()]
      .filter((path) => !declared.has(path))
      .map((path) => ({ location: path, message: 'was not declared in the capture context' })),
    ...required
      .filter((path) => !given.has(path))
      .map((path) => ({ location: path, message: 'is required' })),
    ...checkCardData(values, needs.now).map(({ path, message }) => ({ location: path, message })),
    ...numberFault(values, needs),
  ]).map(({ location, message }) => ({ location: `captureData.${location}`, message }))
  if (values.size === 0 && faults.length === 0) throw new ServiceError('NO_DATA', { details })
  if (details.length > 0) throw new ServiceError('CARD_DATA_INVALID', { details })
  return values
}

// One detail a field: of one that was not declared it does not matter that its value is bad too.
function firstOfEach(details: readonly Detail[]): readonly Detail[] {
  const byLocation = new Map<string, Detail>()
  for (const detail of details) {
    if (!byLocation.has(detail.location)) byLocation.set(detail.location, detail)
  }
  return [...byLocation.values()]
}

function numberFault(values: CardData, { checkNumber }: ValidateNeeds): readonly Detail[] {
  const location = 'paymentInformation.card.number'
  const pan = values.get(location)
  const message = pan === undefined ? undefined : checkNumber(pan)
  return message === undefined ? [] : [{ location, message }]
}
