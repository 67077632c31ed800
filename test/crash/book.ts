import assert from 'node:assert/strict'
import type { VerifiedCaptureContext } from '../../src/client/index.ts'

/** What makes a card of these tests another one than all others. */
export interface CardTag {
  readonly expirationMonth: string
  readonly expirationYear: string
}

/** A session that was acknowledged, and what became of its uses. */
export interface Session {
  readonly context: VerifiedCaptureContext
  /** Tokens that were acknowledged. */
  acknowledged: number
  /** Requests for a token that may have been counted or not: the answer was lost, or was 503. */
  doubtful: number
  /** Requests for a token that were refused since all were given. */
  refused: number
}

/** Everything that a shop was told, over all kills. */
export interface Book {
  /** By kid. */
  readonly sessions: ReadonlyMap<string, Session>
  /** The card of every acknowledged token, by jti. */
  readonly tokens: ReadonlyMap<string, CardTag>
  /** How many requests ended how: `ok`, or a reason. */
  readonly outcomes: ReadonlyMap<string, number>
  readonly longestMilliseconds: () => number
  /** A card that no request had before. */
  nextCard(): CardTag
  addSession(context: VerifiedCaptureContext): Session
  addToken(session: Session, jti: string, card: CardTag): void
  addFailure(session: Session, reason: string): void
  addOutcome(outcome: string, milliseconds: number): void
}

/** Makes an empty book. */
export function createBook(): Book {
  const sessions = new Map<string, Session>()
  const tokens = new Map<string, CardTag>()
  const outcomes = new Map<string, number>()
  let cards = 0
  let longest = 0
  return {
    sessions,
    tokens,
    outcomes,
    longestMilliseconds: () => longest,
    nextCard: () => {
      const [month, year] = [(cards % 12) + 1, 2100 + Math.floor(cards / 12)]
      cards += 1
      return { expirationMonth: String(month).padStart(2, '0'), expirationYear: String(year) }
    },
    addSession: (context) => {
      const { kid } = context.claims.flx.jwk
      assert.ok(!sessions.has(kid), 'a session key was issued twice')
      const session = { context, acknowledged: 0, doubtful: 0, refused: 0 }
      sessions.set(kid, session)
      return session
    },
    addToken: (session, jti, card) => {
      assert.ok(!tokens.has(jti), 'a token was given twice')
      tokens.set(jti, card)
      session.acknowledged += 1
    },
    addFailure: (session, reason) => {
      if (reason === 'RESOURCE_QUOTA_EXCEEDED') session.refused += 1
      else session.doubtful += 1
    },
    addOutcome: (outcome, milliseconds) => {
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      longest = Math.max(longest, milliseconds)
    },
  }
}

/** Says in a line what a book holds; refusals of one token too many are no errors. */
export function describeBook({ sessions, tokens, outcomes, longestMilliseconds }: Book): string {
  const all = [...outcomes.values()].reduce((sum, count) => sum + count, 0)
  const errors = [...outcomes].filter(
    ([name]) => name !== 'ok' && name !== 'RESOURCE_QUOTA_EXCEEDED',
  )
  const failed = errors.reduce((sum, [, count]) => sum + count, 0)
  const kinds = errors.map(([name, count]) => `${name} ${count}`).join(', ')
  return (
    `${sessions.size} sessions, ${tokens.size} tokens, ${all} requests; ` +
    `errors ${((100 * failed) / all).toFixed(2)} %${kinds === '' ? '' : ` (${kinds})`}; ` +
    `longest answer ${Math.round(longestMilliseconds())} ms`
  )
}
