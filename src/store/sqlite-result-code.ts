const BUSY = 5
const DAMAGED: readonly unknown[] = [11, 26]

/** Tells whether SQLite failed because another connection holds the database. */
export function isBusy(error: unknown): boolean {
  return resultCode(error) === BUSY
}

/** Tells whether SQLite found a file damaged, or no database. */
export function isDamaged(error: unknown): boolean {
  return DAMAGED.includes(resultCode(error))
}

/** The primary result code of an error of SQLite: the low byte of its extended code. */
function resultCode(error: unknown): number | undefined {
  const code: unknown = error instanceof Error && 'errcode' in error ? error.errcode : undefined
  return typeof code === 'number' ? code & 0xff : undefined
}
