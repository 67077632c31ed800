import { createHmac, type KeyObject } from 'node:crypto'
import { randomText } from '../protocol/random-text.ts'

// A session kid has 32 characters: two digits of the site, then 30 of [0-9A-Za-z]. Those of a rotated key are its
// reference (8), the session's own text (12) and a MAC over it (10), so that nobody can invent sessions of a key.
// The time comes first in what is drawn: what is written together then lies together in an index, and far fewer pages change.

const REFERENCE = 8
const SESSION = 12
const MAC = 10
const SITE = 2
const TIME = 6
const SESSION_KID = /^[0-9]{2}[0-9A-Za-z]{30}$/

/** Tells whether text has the form of a session kid. */
export function isSessionKid(kid: string): boolean {
  return SESSION_KID.test(kid)
}

/** Draws the kid of a one-time session key made at a time, in milliseconds since the epoch. Later keys sort after earlier ones. */
export function createSessionKid(
  site: string,
  milliseconds: number,
  randomBytes: (count: number) => Buffer,
): string {
  return site + timedText(milliseconds, REFERENCE + SESSION + MAC, randomBytes)
}

/** Draws the reference of a rotated key. */
export function createKeyReference(randomBytes: (count: number) => Buffer): string {
  return randomText(randomBytes, REFERENCE)
}

/** The reference of the rotated key that a kid would belong to. Proves nothing: see {@link isKidOf}. */
export function keyReferenceOf(kid: string): string {
  return kid.slice(SITE, SITE + REFERENCE)
}

/** What derives the kids of one rotated key. */
export interface KidSource {
  readonly site: string
  readonly reference: string
  readonly macKey: KeyObject
}

/** Derives a session's own kid from a rotated key, at a time in milliseconds since the epoch. */
export function deriveSessionKid(
  source: KidSource,
  milliseconds: number,
  randomBytes: (count: number) => Buffer,
): string {
  const session = timedText(milliseconds, SESSION, randomBytes)
  return source.site + source.reference + session + mac(source, session)
}

/** Tells whether a kid was derived from this rotated key. */
export function isKidOf(source: KidSource, kid: string): boolean {
  const session = kid.slice(SITE + REFERENCE, SITE + REFERENCE + SESSION)
  return kid === source.site + source.reference + session + mac(source, session)
}

// The time returns after 25 days, long after what was named by it is gone.
function timedText(
  milliseconds: number,
  length: number,
  randomBytes: (count: number) => Buffer,
): string {
  const time = milliseconds.toString(36).toUpperCase().slice(-TIME)
  return time + randomText(randomBytes, length - TIME)
}

function mac({ macKey, reference }: KidSource, session: string): string {
  const tag = createHmac('sha256', macKey).update(`session kid v1 ${reference} ${session}`).digest()
  return randomText(() => tag, MAC)
}
