// Loaded before a client (node --require): gives it another clock.
//
//   CLOCK_SHIFT_SECONDS   how far its clock is from the real one
//   DATES_TWICE=1         the date of the string to sign is a second before that of the header
'use strict'
const { now } = Date
const shift = Number(process.env.CLOCK_SHIFT_SECONDS || 0) * 1000
const isTwice = process.env.DATES_TWICE === '1'
Date.now = () => {
  const early = isTwice && new Error().stack.includes('SignatureParameterGenerator') ? 1000 : 0
  return now() + shift - early
}
