import { createHmac, type KeyObject } from 'node:crypto'
import { randomText } from '../protocol/random-text.ts'

// A session kid has 32 characters: two digits of the site, then 30 of [0-9A-Za-z]. Those of a rotated key are its
// reference (10), the session's own text (10) and a MAC over it (10), so that nobody can invent sessions of a key.

const PART = 10
const SESSION_KID = /^[0-9]{2}[0-9A-Za-z]{30}$/

/** Tells whether text has the form of a session kid. */
export function isSessionKid(kid: string): boolean {
  return SESSION_KID.test(kid)
}

/** Draws the kid of a one-time session key. */
export function createSessionKid(site: string, randomBytes: (count: number) => Buffer): string {
  return site + randomText(randomBytes, 3 * PART)
}

/** Draws the reference of a rotated key. */
export function createKeyReference(randomBytes: (count: number) => Buffer): string {
  return randomText(randomBytes, PART)
}

/** The reference of the rotated key that a kid would belong to. Proves nothing: see {@link isKidOf}. */
export function keyReferenceOf(kid: string): string {
  return kid.slice(2, 2 + PART)
}

/** What derives the kids of one rotated key. */
export interface KidSource {
  readonly site: string
  readonly reference: string
  readonly macKey: KeyObject
}

/** Derives a session's own kid from a rotated key. */
export function deriveSessionKid(
  source: KidSource,
  randomBytes: (count: number) => Buffer,
): string {
  const session = randomText(randomBytes, PART)
  return source.site + source.reference + session + mac(source, session)
}

/** Tells whether a kid was derived from this rotated key. */
export function isKidOf(source: KidSource, kid: string): boolean {
  const session = kid.slice(2 + PART, 2 + 2 * PART)
  return kid === source.site + source.reference + session + mac(source, session)
}

function mac({ macKey, reference }: KidSource, session: string): string {
  const tag = createHmac('sha256', macKey).update(`session kid v1 ${reference} ${session}`).digest()
  return randomText(() => tag, PART)
}
