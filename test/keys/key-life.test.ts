import { strict as assert } from 'node:assert'
import { test } from 'node:test'

import fc from 'fast-check'

import {
  activeOf,
  beginLife,
  decodeKey,
  encodeKey,
  SINCE_EVER,
  stateOf,
  type KeyLife,
} from '../../src/keys/key-life.ts'
import { SIGNING_KEY } from '../flow.ts'

const at = (seconds: number): Date => new Date(seconds * 1000)

const LIFE: KeyLife = {
  ...SINCE_EVER,
  createdAt: 100,
  activeFrom: 200,
  retiredAt: 300,
  goneAt: 400,
}

for (const [seconds, state] of [
  [100, 'staged'],
  [199.999, 'staged'],
  [200, 'active'],
  [299.999, 'active'],
  [300, 'retired'],
  [399.999, 'retired'],
  [400, 'gone'],
] as const) {
  test(`a key is ${state} at second ${seconds}`, () => {
    assert.equal(stateOf(LIFE, at(seconds)), state)
  })
}

test('the first key of a store is active at once, and for as long as nothing else is planned', () => {
  const life = beginLife(at(100.7))
  for (const seconds of [100, 1e6, 1e10]) assert.equal(stateOf(life, at(seconds)), 'active')
})

test('of several active keys the youngest is used', () => {
  const keys = [100, 300, 200].map((activeFrom) => ({ life: { ...SINCE_EVER, activeFrom } }))
  assert.equal(activeOf(keys, at(400)), keys[1])
  assert.equal(activeOf(keys, at(250)), keys[2])
  assert.equal(activeOf(keys, at(50)), undefined)
})

test('reads what it writes, an erased key too', () => {
  const time = fc.integer({ min: 1, max: 2 ** 40 })
  const life = fc.record({
    createdAt: fc.nat(),
    activeFrom: fc.nat(),
    retiredAt: fc.option(time, { nil: undefined }),
    goneAt: fc.option(time, { nil: undefined }),
    revokedAt: fc.option(time, { nil: undefined }),
    resealedAt: fc.option(time, { nil: undefined }),
  })
  fc.assert(
    fc.property(life, fc.uint8Array({ maxLength: 64 }), (written, bytes) => {
      const read = decodeKey(encodeKey(written, Buffer.from(bytes)))
      assert.deepEqual(read.life, { ...written })
      assert.deepEqual([...read.material], [...bytes])
    }),
  )
})

test('takes keys that were stored before keys had times for ones that have always been active', () => {
  const bare = SIGNING_KEY.export({ type: 'pkcs8', format: 'der' })
  for (const content of [bare, Buffer.alloc(32, 1)]) {
    assert.deepEqual(decodeKey(content), { life: SINCE_EVER, material: content })
  }
})

test('refuses a key of a newer version', () => {
  const content = encodeKey(LIFE, Buffer.alloc(32))
  content.writeUInt8(2, 0)
  assert.throws(() => decodeKey(content), TypeError)
  assert.throws(() => decodeKey(Buffer.from([1, 2, 3])), TypeError)
})
