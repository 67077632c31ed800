import { hash } from 'node:crypto'
import { mayHoldCardNumber, replaceCardNumbers } from '../card/find-card-numbers.ts'

// Most of a jti is as good as all of it, and paths come cut or mistyped. A key id may have 32 characters.
const JTI = /[0-9A-Z]{33,}/g
// Hashes are shown as 12 digits of hex, which may be decimal ones: no card in use has so few.
const LEAST_DIGITS = 13
// The look-behind keeps it linear: a run of letters is tried once, not from every `eyJ` in it.
const COMPACT = /(?<![\w-])eyJ[\w-]+\.[\w-]*\.[\w-]+(?:\.[\w-]*\.[\w-]*)?/g

// What tokens and jti contain: most lines of a log have neither, and are looked through once.
const MAY_HIDE = /eyJ|[0-9A-Z]{33}/

/** Returns the first 12 hex digits of the SHA-256 of a jti: what logs may show of it. */
export function shortHash(secret: string): string {
  return hash('sha256', secret).slice(0, 12)
}

/**
 * Replaces what gives access (a jti, a compact JWS or JWE) inside text by short hashes, and what can be a card number:
 * clients put it into paths and headers by mistake.
 */
export function redactText(text: string): string {
  const hidden = MAY_HIDE.test(text) ? hideAccess(text) : text
  if (!mayHoldCardNumber(hidden)) return hidden
  return replaceCardNumbers(hidden, () => '[number]', LEAST_DIGITS)
}

function hideAccess(text: string): string {
  return text
    .replaceAll(COMPACT, (token) => `[token ${shortHash(token)}]`)
    .replaceAll(JTI, (jti) => `[jti ${shortHash(jti)}]`)
}
