import { readFileSync } from 'node:fs'
import { OperatorError } from './errors.ts'
import { isJsonObject, type JsonObject } from './protocol/parse.ts'

/** Reads the JSON object of a configuration file. Throws OperatorError when there is none. */
export function readConfigurationFile(path: string): JsonObject {
  try {
    const members: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (isJsonObject(members)) return members
  } catch (cause) {
    throw new OperatorError(
      `The configuration file ${path} cannot be read.`,
      'It must be a JSON object.',
      cause,
    )
  }
  throw new OperatorError(
    `The configuration file ${path} holds no JSON object.`,
    'Write {"port": 4010}, for example.',
  )
}
