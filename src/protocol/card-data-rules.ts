import { isCardTypeCode } from '../card/card-type.ts'
import { isExpired, isMonth, isYear } from '../card/expiration.ts'
import { panFault } from '../card/pan.ts'
import { securityCodeFault } from '../card/security-code.ts'
import { COUNTRIES } from './country.ts'
import { MINOR_UNITS } from './currency.ts'
import { type CardData, FIELD_PATHS, type FieldPath } from './field-catalogue.ts'

/** One fault of card data: the field, and a public message that never holds its value. */
export interface CardDataFault {
  readonly path: FieldPath
  readonly message: string
}

/** Returns the public message of a value's fault, undefined when there is none. */
type Rule = (value: string, data: CardData, now: Date) => string | undefined

// What every field must hold. Lengths of text fields are those of the REST reference; its 2 characters for
// shipTo.administrativeArea hold for the US and Canada only, so both addresses have 20.
const RULES: Readonly<Record<FieldPath, Rule>> = {
  'paymentInformation.card.number': (value) => panFault(value),
  'paymentInformation.card.type': typeFault,
  'paymentInformation.card.securityCode': (value, data) =>
    securityCodeFault(value, data.get('paymentInformation.card.number')),
  'paymentInformation.card.expirationMonth': monthFault,
  'paymentInformation.card.expirationYear': yearFault,
  'orderInformation.amountDetails.totalAmount': amountFault,
  'orderInformation.amountDetails.currency': currencyFault,
  'orderInformation.billTo.address1': atMost(60),
  'orderInformation.billTo.address2': atMost(60),
  'orderInformation.billTo.administrativeArea': atMost(20),
  'orderInformation.billTo.buildingNumber': atMost(256),
  'orderInformation.billTo.country': countryFault,
  'orderInformation.billTo.district': atMost(50),
  'orderInformation.billTo.locality': atMost(50),
  'orderInformation.billTo.postalCode': atMost(10),
  'orderInformation.billTo.firstName': atMost(60),
  'orderInformation.billTo.lastName': atMost(60),
  'orderInformation.billTo.company': atMost(60),
  'orderInformation.billTo.email': atMost(255),
  'orderInformation.billTo.phoneNumber': atMost(15),
  'orderInformation.shipTo.address1': atMost(60),
  'orderInformation.shipTo.address2': atMost(60),
  'orderInformation.shipTo.administrativeArea': atMost(20),
  'orderInformation.shipTo.buildingNumber': atMost(15),
  'orderInformation.shipTo.country': countryFault,
  'orderInformation.shipTo.district': atMost(50),
  'orderInformation.shipTo.locality': atMost(50),
  'orderInformation.shipTo.postalCode': atMost(10),
  'orderInformation.shipTo.firstName': atMost(60),
  'orderInformation.shipTo.lastName': atMost(60),
  'orderInformation.shipTo.company': atMost(60),
  'orderInformation.shipTo.email': atMost(255),
  'orderInformation.shipTo.phoneNumber': atMost(15),
}

/**
 * Checks the values of card data and returns every fault, in the order of the field catalogue; none when all are good.
 *
 * Which fields are declared or required is not checked here. An absent field has no fault.
 */
export function checkCardData(data: CardData, now: Date): readonly CardDataFault[] {
  const faults: CardDataFault[] = []
  for (const path of FIELD_PATHS) {
    const value = data.get(path)
    const message = value === undefined ? undefined : RULES[path](value, data, now)
    if (message !== undefined) faults.push({ path, message })
  }
  return faults
}

function typeFault(type: string): string | undefined {
  return isCardTypeCode(type) ? undefined : 'Invalid card type'
}

const EXPIRED = 'Card has expired'

function yearFault(year: string, _data: CardData, now: Date): string | undefined {
  if (!isYear(year)) return 'Invalid expiration year format'
  return isExpired('12', year, now) ? EXPIRED : undefined
}

function monthFault(month: string, data: CardData, now: Date): string | undefined {
  if (!isMonth(month)) return 'Invalid expiration month format'
  const year = data.get('paymentInformation.card.expirationYear')
  // A year that is wrong whatever the month has its own fault: the month is at fault only within a good year.
  if (year === undefined || yearFault(year, data, now) !== undefined) return undefined
  return isExpired(month, year, now) ? EXPIRED : undefined
}

// The most decimal places that any currency has.
const MAX_MINOR_UNIT = 4

function amountFault(amount: string, data: CardData): string | undefined {
  if (amount.length > 19 || !/^[0-9]+(\.[0-9]+)?$/.test(amount)) return 'Invalid amount format'
  const [, decimals = ''] = amount.split('.')
  const currency = data.get('orderInformation.amountDetails.currency') ?? ''
  const allowed = MINOR_UNITS.get(currency) ?? MAX_MINOR_UNIT
  return decimals.length > allowed ? 'Too many decimal places for the currency' : undefined
}

function currencyFault(currency: string): string | undefined {
  return MINOR_UNITS.has(currency) ? undefined : 'Invalid currency code'
}

function countryFault(country: string): string | undefined {
  return COUNTRIES.has(country) ? undefined : 'Invalid country code'
}

/** Allows text of so many characters, counted as Unicode code points. */
function atMost(maxLength: number): Rule {
  return function textFault(text) {
    const fits = text.length <= maxLength || Array.from(text).length <= maxLength
    return fits ? undefined : `Must not be longer than ${maxLength} characters`
  }
}
