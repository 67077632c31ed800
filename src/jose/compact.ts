import { parseJsonBytes, type JsonObject } from '../protocol/parse.ts'

/** Decodes base64url without padding; undefined when the text is anything else, or not the one canonical encoding. */
export function decodeBase64Url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

/** Encodes text or bytes as base64url without padding. */
export function encodeBase64Url(data: string | Buffer): string {
  return typeof data === 'string'
    ? Buffer.from(data, 'utf8').toString('base64url')
    : data.toString('base64url')
}

/** Decodes a base64url part that must hold a JSON object; undefined when it does not. */
export function decodeJsonPart(part: string): JsonObject | undefined {
  const bytes = decodeBase64Url(part)
  return bytes === undefined ? undefined : parseJsonBytes(bytes)
}
