// The service's own clock-and-random needs node:crypto; this is its counterpart for browsers and workers. It is used only
// where a caller gave nothing else.

/** Returns the machine's time. Default of every `now` and `currentDate` of the client. */
export function systemTime(): Date {
  // oxlint-disable-next-line boundaries/time-and-randomness -- where the client's time enters, once
  return new Date()
}

/** Returns a random UUID (version 4). */
export function randomUuid(): string {
  // oxlint-disable-next-line boundaries/time-and-randomness -- where the client's randomness enters, once
  return crypto.randomUUID()
}
