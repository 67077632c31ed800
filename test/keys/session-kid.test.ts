import { strict as assert } from 'node:assert'
import { createSecretKey, randomBytes } from 'node:crypto'
import { test } from 'node:test'

import fc from 'fast-check'

import {
  createKeyReference,
  createSessionKid,
  deriveSessionKid,
  isKidOf,
  isSessionKid,
  keyReferenceOf,
} from '../../src/keys/session-kid.ts'

const NOW = 1_800_000_000_000

const SOURCE = {
  site: '08',
  reference: createKeyReference(randomBytes),
  macKey: createSecretKey(randomBytes(32)),
}

test('draws kids of 32 characters that begin with the site', () => {
  const kids = new Set(Array.from({ length: 500 }, () => createSessionKid('08', NOW, randomBytes)))
  assert.equal(kids.size, 500)
  for (const kid of kids) {
    assert.match(kid, /^08[0-9A-Za-z]{30}$/)
    assert.equal(isSessionKid(kid), true)
    assert.equal(isKidOf(SOURCE, kid), false)
  }
})

test('derives kids that carry the reference and prove that they were derived', () => {
  const kids = new Set(
    Array.from({ length: 500 }, () => deriveSessionKid(SOURCE, NOW, randomBytes)),
  )
  assert.equal(kids.size, 500)
  for (const kid of kids) {
    assert.equal(isSessionKid(kid), true)
    assert.equal(keyReferenceOf(kid), SOURCE.reference)
    assert.equal(isKidOf(SOURCE, kid), true)
  }
})

test('knows no kid of another key, reference or site', () => {
  const kid = deriveSessionKid(SOURCE, NOW, randomBytes)
  const others = [
    { ...SOURCE, macKey: createSecretKey(randomBytes(32)) },
    { ...SOURCE, reference: createKeyReference(randomBytes) },
    { ...SOURCE, site: '07' },
  ]
  for (const other of others) assert.equal(isKidOf(other, kid), false)
})

test('knows a kid with any one character changed for a forgery', () => {
  const kid = deriveSessionKid(SOURCE, NOW, randomBytes)
  for (let index = 0; index < kid.length; index += 1) {
    const changed = kid.slice(0, index) + (kid[index] === 'a' ? 'b' : 'a') + kid.slice(index + 1)
    assert.equal(isKidOf(SOURCE, changed), false, String(index))
  }
})

test('sorts kids by the millisecond in which they were drawn', () => {
  const earlier = createSessionKid('08', NOW, randomBytes)
  assert.ok(earlier < createSessionKid('08', NOW + 1, randomBytes))
  assert.ok(
    deriveSessionKid(SOURCE, NOW, randomBytes) < deriveSessionKid(SOURCE, NOW + 1, randomBytes),
  )
})

test('takes nothing else for a session kid', () => {
  const texts = [
    '',
    'dv',
    `08${'a'.repeat(29)}`,
    `08${'a'.repeat(31)}`,
    `0a${'a'.repeat(30)}`,
    `08${'é'.repeat(30)}`,
    `08${'a'.repeat(30)}\n`,
  ]
  for (const text of texts) assert.equal(isSessionKid(text), false)
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.equal(isSessionKid(text), /^[0-9]{2}[0-9A-Za-z]{30}$/.test(text) && text.length === 32)
      assert.equal(isKidOf(SOURCE, text), false)
    }),
  )
})
