/** What could be read of text that should be base64url. */
export interface ReadBase64Url {
  readonly bytes: Buffer
  /** What is wrong with how it is written, as the rest of a sentence; undefined when it is canonical. */
  readonly fault: string | undefined
}

const FAULTS: readonly (readonly [pattern: RegExp, fault: string])[] = [
  [/[+/]/, 'is standard base64, with + or /: JOSE writes base64url, with - and _'],
  [/=/, 'is padded with =: JOSE writes base64url without padding'],
  [/[^A-Za-z0-9_-]/, 'holds characters that are not base64url'],
]

/** Reads base64url leniently, to explain also what no verifier accepts. */
export function readBase64Url(text: string): ReadBase64Url {
  const bytes = Buffer.from(text, 'base64url')
  const known = FAULTS.find(([pattern]) => pattern.test(text))
  if (known !== undefined) return { bytes, fault: known[1] }
  const isCanonical = bytes.toString('base64url') === text
  return {
    bytes,
    fault: isCanonical ? undefined : 'is not canonical base64url: it was cut or changed at its end',
  }
}
