import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { createJti, parseJti } from '../../src/protocol/jti.ts'
import { PUBLISHED_TOKENS, publishedToken } from './published-token.ts'

const seconds = fc.nat({ max: 0xffff_ffff })
const random = fc.uint8Array({ minLength: 32, maxLength: 32 })
const site = fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZ')
const JTI = createJti(new Uint8Array(32).fill(0x5a), 'E', 1_700_000_900)

/** The 32 random bytes that a jti was made of. */
function randomOf(jti: string): Uint8Array {
  const value = Array.from(jti.slice(2, 52)).reduce(
    (sum, digit) => sum * 36n + BigInt(Number.parseInt(digit, 36)),
    0n,
  )
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex')
}

test('any one character changed, added, removed or swapped makes a jti that does not parse', () => {
  fc.assert(
    fc.property(
      fc.nat(63),
      fc.constantFrom(...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'),
      (at, other) => {
        const rest = JTI.slice(at + 1)
        if (JTI[at] !== other) assert.equal(parseJti(JTI.slice(0, at) + other + rest), undefined)
        assert.equal(parseJti(JTI.slice(0, at) + rest), undefined)
        assert.equal(parseJti(JTI.slice(0, at) + other + JTI.slice(at)), undefined)
      },
    ),
    { numRuns: 1000 },
  )
})

test('text that is not 64 digits and capitals in the layout is no jti', () => {
  for (const text of [
    '',
    JTI.toLowerCase(),
    `${JTI}\n`,
    ` ${JTI.slice(1)}`,
    `2${JTI.slice(1)}`,
    'é'.repeat(64),
  ])
    assert.equal(parseJti(text), undefined, text)
  fc.assert(fc.property(fc.string({ minLength: 60, maxLength: 68 }), (text) => !parseJti(text)))
})

test('every published jti parses to the expiry of its token', () => {
  for (const name of PUBLISHED_TOKENS) {
    const { jti, exp } = publishedToken(name)
    assert.deepEqual(parseJti(jti), { site: jti[1], expiresAt: exp }, name)
  }
})

test('the random bytes, site and expiry of every published jti make the same jti again', () => {
  for (const name of PUBLISHED_TOKENS) {
    const { jti, exp } = publishedToken(name)
    assert.equal(createJti(randomOf(jti), jti[1] ?? '', exp), jti, name)
  }
})

test('a jti has 64 characters whatever it is made of, and parses to its site and expiry', () => {
  fc.assert(
    fc.property(random, site, seconds, (bytes, letter, expiresAt) => {
      const jti = createJti(bytes, letter, expiresAt)
      assert.match(jti, /^[0-9A-Z]{64}$/)
      assert.deepEqual(parseJti(jti), { site: letter, expiresAt })
      assert.deepEqual(randomOf(jti), Buffer.from(bytes))
    }),
  )
})

test('the smallest and the largest random number fill 50 digits', () => {
  assert.equal(createJti(new Uint8Array(32), 'E', 1).slice(2, 52), '0'.repeat(50))
  assert.match(createJti(new Uint8Array(32).fill(255), 'E', 1).slice(2, 52), /^6/)
})
