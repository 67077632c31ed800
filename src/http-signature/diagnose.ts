import { signatureBase } from './base.ts'
import type { SignedMessage } from './message.ts'
import { MISTAKES, type Known } from './mistakes.ts'
import { readLines } from './rewrite.ts'

/** A string that a client may have signed instead of the right one, and the mistake that makes it so. */
export interface Candidate {
  /** One sentence that holds no input. */
  readonly mistake: string
  readonly base: string
}

/**
 * Returns the strings that a client with a known mistake would have signed for a message, likelier ones first.
 *
 * The caller tries the MAC of each, with the secret decoded from base64 and with its undecoded text; the first match
 * is what the client really signed. It tells a cause and must never authenticate. The right string is not among them:
 * try it with the undecoded text too. Empty when the message has no base. About 40 strings and 8 for each known host.
 */
export function candidateBases(
  message: SignedMessage,
  components: readonly string[],
  known: Known = {},
): readonly Candidate[] {
  const right = signatureBase(message, components)
  if (!right.ok) return []
  const lines = readLines(right.base)
  const seen = new Set([right.base])
  const candidates: Candidate[] = []
  for (const { mistake, bases } of MISTAKES) {
    for (const base of bases({ message, lines, known })) {
      if (!seen.has(base)) candidates.push({ mistake, base })
      seen.add(base)
    }
  }
  return candidates
}

const SIGNATURE_SHAPES: readonly (readonly [shape: RegExp, mistake: string | undefined])[] = [
  [/^[A-Za-z0-9+/]{43}=$/, undefined],
  [/^[0-9A-Fa-f]{64}$/, 'The signature is written in hex: it must be base64.'],
  [/^[A-Za-z0-9+/]{43}$/, 'The signature lacks its base64 padding.'],
  [/^[A-Za-z0-9_-]{43}=?$/, 'The signature is base64url: it must be standard base64.'],
  [
    /^[A-Za-z0-9+/]{86}==$/,
    'The signature holds 64 bytes instead of 32: it is made with SHA-512, or of hex digits.',
  ],
  [/^[A-Za-z0-9+/]{27}=$/, 'The signature holds 20 bytes instead of 32: it is made with SHA-1.'],
]

/** Says what is wrong with the form of a signature, in one sentence; undefined when it is the base64 of 32 bytes. */
export function signatureMistake(signature: string): string | undefined {
  const shape = SIGNATURE_SHAPES.find(([pattern]) => pattern.test(signature))
  return shape === undefined ? 'The signature is not the base64 of 32 bytes.' : shape[1]
}

/** Where two strings part. */
export interface Difference {
  /** The first differing byte, counted from 0 in UTF-8. */
  readonly index: number
  /** Its line, counted from 1. */
  readonly line: number
  /** What the expected string has around it, with line breaks and tabs written as `\n`, `\r` and `\t`. */
  readonly expected: string
  /** The same of the received string. */
  readonly received: string
}

const LF = 0x0a
const BYTES_BEFORE = 16
const BYTES_AFTER = 32

/** Finds the first byte in which two strings differ as UTF-8; undefined when they are equal. Never throws. */
export function firstDifference(expected: string, received: string): Difference | undefined {
  const encoder = new TextEncoder()
  const left = encoder.encode(expected)
  const right = encoder.encode(received)
  let index = 0
  while (index < left.length && left[index] === right[index]) index += 1
  if (index === left.length && index === right.length) return undefined
  return {
    index,
    line: left.subarray(0, index).filter((byte) => byte === LF).length + 1,
    expected: windowAround(left, index),
    received: windowAround(right, index),
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function windowAround(bytes: Uint8Array, index: number): string {
  const start = characterStart(bytes, Math.max(0, index - BYTES_BEFORE))
  const end = characterStart(bytes, Math.min(bytes.length, index + BYTES_AFTER))
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(start, end))
  return text.replaceAll(/[\n\r\t]/g, (character) => ESCAPES[character] ?? character)
}

function characterStart(bytes: Uint8Array, index: number): number {
  let start = index
  while (start > 0 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start -= 1
  return start
}
