/** Tells whether a text is a month as the wire has it, `01` to `12`. */
export function isMonth(month: string): boolean {
  return /^(0[1-9]|1[0-2])$/.test(month)
}

/** Tells whether a text is a year as the wire has it, four digits. */
export function isYear(year: string): boolean {
  return /^[0-9]{4}$/.test(year)
}

/**
 * Tells whether a card has expired: it is good through the last moment of its month anywhere on earth.
 *
 * A month or year that {@link isMonth} or {@link isYear} refuses counts as expired.
 */
export function isExpired(month: string, year: string, now: Date): boolean {
  if (!isMonth(month) || !isYear(year)) return true
  // The month ends last at UTC−12, where the next one begins at 12:00 UTC; Date.UTC counts months from 0.
  const end = Date.UTC(Number(year), Number(month), 1, 12)
  return !(now.getTime() < end)
}
