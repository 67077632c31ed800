import { hash } from 'node:crypto'
import { mayHoldCardNumber, replaceCardNumbers } from '../card/find-card-numbers.ts'

// Most of a jti is as good as all of it, and paths come cut or mistyped. A key id may have 32 characters.
const LEAST_JTI = 33
const JTI = new RegExp(`[0-9A-Z]{${LEAST_JTI},}`, 'g')
// Hashes are shown as 12 digits of hex, which may be decimal ones: no card in use has so few.
const LEAST_DIGITS = 13
// Its first part is enough: what follows may have been cut, or its dots escaped. The look-behind keeps it linear: a run of
// letters is tried once, not from every `eyJ` in it.
const COMPACT = /(?<![\w-])eyJ[\w-]{13,}(?:(?:\.|%2[Ee])[\w-]*)*/g
// However it was mistyped: the last part of a path that gives access. A route's template has a colon there.
const ACCESS_PATH = /(\/payment-(?:details|credentials)\/)(?![:[])([^\s"\\?]+)/gi

/** Returns the first 12 hex digits of the SHA-256 of a jti: what logs may show of it. */
export function shortHash(secret: string): string {
  return hash('sha256', secret).slice(0, 12)
}

/**
 * Replaces what gives access (a jti, a compact JWS or JWE) inside text by short hashes, and what can be a card number:
 * clients put it into paths and headers by mistake.
 */
export function redactText(text: string): string {
  const hidden = mayGiveAccess(text) ? hideAccess(text) : text
  if (!mayHoldCardNumber(hidden)) return hidden
  return replaceCardNumbers(hidden, () => '[number]', LEAST_DIGITS)
}

const LITERAL = /"(?:[^"\\]|\\.)*"/g

/** Redacts a line of JSON as its strings read, not as they are escaped: an escape could hide where something begins. */
export function redactLine(line: string): string {
  const read = (literal: string): string =>
    literal.includes('\\') ? JSON.stringify(redactText(String(JSON.parse(literal)))) : literal
  return redactText(line.includes('\\') ? line.replaceAll(LITERAL, read) : line)
}

function mayGiveAccess(text: string): boolean {
  return text.includes('eyJ') || /\/payment-/i.test(text) || mayHoldJti(text)
}

/** Finds a run as long as {@link LEAST_JTI}: one of every so many places is within it. Most lines of a log have none. */
function mayHoldJti(text: string): boolean {
  for (let at = LEAST_JTI - 1; at < text.length; at += LEAST_JTI) {
    let [from, to] = [at, at]
    while (isJtiDigit(text.charCodeAt(from))) from -= 1
    while (isJtiDigit(text.charCodeAt(to))) to += 1
    if (to - from > LEAST_JTI) return true
  }
  return false
}

function isJtiDigit(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a)
}

function hideAccess(text: string): string {
  return text
    .replaceAll(ACCESS_PATH, (_all, path, end: string) => `${path}[parameter ${shortHash(end)}]`)
    .replaceAll(COMPACT, (token) => `[token ${shortHash(token)}]`)
    .replaceAll(JTI, (jti) => `[jti ${shortHash(jti)}]`)
}
