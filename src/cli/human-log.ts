import type { DestinationStream } from 'pino'
import {
  numberMember,
  objectMember,
  parseJsonObject,
  stringMember,
  type JsonObject,
} from '../protocol/parse.ts'

/** Makes a log destination that writes a short line for each request, with the reason of a refusal below it. */
export function humanLog(output: NodeJS.WritableStream): DestinationStream {
  return {
    write: (line) => {
      const entry = parseJsonObject(line)
      const text = entry === undefined ? line.trimEnd() : describeEntry(entry)
      if (text !== '') output.write(`${text}\n`)
    },
  }
}

const DESCRIPTIONS: Readonly<Record<string, (entry: JsonObject) => string>> = {
  request: describeRequest,
  refused: describeRefusal,
  audit: () => '',
  'no TLS connection': (entry) =>
    `         no TLS connection: ${stringMember(entry, 'reason') ?? ''}`,
}

function describeEntry(entry: JsonObject): string {
  const message = stringMember(entry, 'msg') ?? ''
  const describe = Object.hasOwn(DESCRIPTIONS, message) ? DESCRIPTIONS[message] : undefined
  return (
    describe?.(entry) ?? `${stringMember(entry, 'level') ?? ''}: ${message} ${describeRest(entry)}`
  )
}

function describeRequest(entry: JsonObject): string {
  const time = (stringMember(entry, 'time') ?? '').slice(11, 19)
  const method = stringMember(entry, 'method') ?? ''
  const route = stringMember(entry, 'route') ?? ''
  const duration = `${numberMember(entry, 'milliseconds') ?? 0} ms`
  return `${time} ${numberMember(entry, 'status') ?? 0} ${method} ${route} ${duration}`
}

function describeRefusal(entry: JsonObject): string {
  const explanation = objectMember(entry, 'explanation')
  const code = stringMember(entry, 'code') ?? ''
  if (explanation === undefined) return `         ${code} ${describeDetails(entry)}`
  const lines = [
    `${code}: ${stringMember(explanation, 'message') ?? ''}`,
    stringMember(explanation, 'mistake') ?? '',
    stringMember(explanation, 'clockDifference') ?? '',
  ]
  return lines
    .filter((line) => line !== '')
    .map((line) => `         ${line}`)
    .join('\n')
}

function describeDetails(entry: JsonObject): string {
  return Array.isArray(entry['details']) ? JSON.stringify(entry['details']) : ''
}

function describeRest(entry: JsonObject): string {
  const { level: _level, time: _time, msg: _msg, ...rest } = entry
  return Object.keys(rest).length === 0 ? '' : JSON.stringify(rest)
}
