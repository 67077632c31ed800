import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { systemCode } from '../system-error.ts'

/**
 * Makes a folder that only its owner can enter, and those that it lies in; false when it was there. Unlike Node's own it
 * comes to an end where a folder takes no others, as in /proc. Throws the error of the operating system, or one
 * that names the file which is in the way.
 */
export function makeFolder(path: string): boolean {
  if (isFolder(path)) return false
  const parent = dirname(path)
  if (parent !== path) makeFolder(parent)
  try {
    mkdirSync(path, { mode: 0o700 })
    return true
  } catch (error) {
    // Another process may have made it meanwhile.
    if (isFolder(path)) return false
    throw systemCode(error) === 'EEXIST' ? new Error(`${path} is not a folder`) : error
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
