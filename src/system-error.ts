import { getSystemErrorMessage } from 'node:util'

/** Returns the code of a failed call to the system, such as `EACCES`; undefined for any other error. */
export function systemCode(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}

/** Says in words why a call to the system failed, such as `permission denied`. */
export function systemReason(error: unknown): string {
  const errno: unknown = error instanceof Error && 'errno' in error ? error.errno : undefined
  if (typeof errno === 'number') return getSystemErrorMessage(errno)
  return error instanceof Error ? error.message : String(error)
}
