import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { randomText } from '../../src/protocol/random-text.ts'

test('the bytes that would favour some characters are rejected and drawn again', () => {
  const draws = [Buffer.alloc(40, 248), Buffer.alloc(40, 255), Buffer.from([247, 0, 61, 62])]
  const asked: number[] = []
  const text = randomText((count) => {
    asked.push(count)
    return draws.shift() ?? Buffer.alloc(count, 10)
  }, 5)
  assert.equal(text, 'z0z0A')
  assert.ok(asked.length === 4 && asked.every((count) => count > 0))
})

test('each of the 62 characters stands for exactly four bytes', () => {
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  const counts = new Map<string, number>()
  for (const character of randomText(() => everyByte, 248))
    counts.set(character, (counts.get(character) ?? 0) + 1)
  assert.equal(counts.size, 62)
  assert.deepEqual(new Set(counts.values()), new Set([4]))
  assert.match([...counts.keys()].join(''), /^[0-9A-Za-z]+$/)
})

test('text has the length that was asked for, zero too', () => {
  for (const length of [0, 1, 16, 30, 1000])
    assert.match(randomText(randomBytes, length), new RegExp(`^[0-9A-Za-z]{${length}}$`))
})

test('two texts are not the same', () => {
  assert.notEqual(randomText(randomBytes, 16), randomText(randomBytes, 16))
})
