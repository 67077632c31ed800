import { strict as assert } from 'node:assert'
import { createSecretKey, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { systemRandom } from '../../src/clock-and-random.ts'
import { OperatorError } from '../../src/errors.ts'
import { formatShare, parseShare, type Share } from '../../src/keys/root-key-share.ts'
import { joinShares, makeSplitRootKey } from '../../src/keys/split-root-key.ts'

const COUNTS = fc
  .tuple(fc.integer({ min: 2, max: 255 }), fc.integer({ min: 2, max: 255 }))
  .map(([one, other]) => ({ shares: Math.max(one, other), threshold: Math.min(one, other) }))

const SHARE = fc
  .record({
    counts: COUNTS,
    number: fc.integer({ min: 1, max: 255 }),
    check: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    bytes: fc.uint8Array({ minLength: 33, maxLength: 33 }),
  })
  .map(({ counts, number, check, bytes }): Share => ({
    set: { ...counts, check: Buffer.from(check).toString('hex') },
    number: Math.min(number, counts.shares),
    key: createSecretKey(bytes),
  }))

test('a share is read as it was written, also with white space around it', () => {
  fc.assert(
    fc.property(SHARE, (share) => {
      const read = parseShare(` ${formatShare(share).reveal()}\r`)
      assert.deepEqual([read.set, read.number], [share.set, share.number])
      assert.ok(read.key.equals(share.key))
    }),
  )
})

test('any change of one character is recognised, and the refusal quotes nothing', () => {
  const anyChange = fc.record({
    share: SHARE,
    at: fc.nat(),
    // What people mistype, and what they do not.
    by: fc.oneof(
      fc.constantFrom(...'0123456789abcdefABCDEF-olI'),
      fc.string({ unit: 'grapheme', minLength: 0, maxLength: 2 }),
    ),
  })
  fc.assert(
    fc.property(anyChange, ({ share, at, by }) => {
      const text = formatShare(share).reveal()
      const place = at % text.length
      const changed = text.slice(0, place) + by + text.slice(place + 1)
      fc.pre(changed.trim() !== text)
      assert.throws(
        () => parseShare(changed),
        (error) => {
          assert.ok(error instanceof OperatorError)
          const data = text.split('-').at(-2) ?? ''
          assert.ok(!inspect(error).includes(data.slice(0, 16)))
          return /no share of a root key|mistyped/.test(error.problem)
        },
      )
    }),
    { numRuns: 2000 },
  )
})

test('two characters that changed places are recognised', () => {
  fc.assert(
    fc.property(SHARE, fc.nat(), (share, at) => {
      const text = formatShare(share).reveal()
      const place = at % (text.length - 1)
      const swapped =
        text.slice(0, place) + text.charAt(place + 1) + text.charAt(place) + text.slice(place + 2)
      fc.pre(swapped !== text)
      assert.throws(() => parseShare(swapped), OperatorError)
    }),
  )
})

test('a share and its text do not print', async () => {
  const { shares } = await makeSplitRootKey({ shares: 2, threshold: 2 }, systemRandom)
  const [text] = shares
  assert.ok(text)
  const data = text.reveal().split('-').at(-2) ?? ''
  for (const shown of [inspect(shares), JSON.stringify(shares), inspect(parseShare(text.reveal()))])
    assert.ok(!shown.includes(data.slice(0, 8)), shown)
})

test('any shares that are enough join to the root key, and fewer to another', async () => {
  const counts = fc.tuple(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 2, max: 9 }))
  await fc.assert(
    fc.asyncProperty(counts, fc.infiniteStream(fc.nat()), async ([one, other], order) => {
      const [threshold, shares] = [Math.min(one, other), Math.max(one, other)]
      const split = await makeSplitRootKey({ shares, threshold }, systemRandom)
      const mixed = split.shares
        .map((text) => ({ share: parseShare(text.reveal()), at: order.next().value ?? 0 }))
        .toSorted((left, right) => left.at - right.at)
        .map(({ share }) => share)
      const joined = await joinShares(mixed.slice(0, threshold))
      assert.ok(joined?.key.equals(split.root.key))
      if (threshold > 2) assert.equal(await joinShares(mixed.slice(1, threshold)), undefined)
    }),
    { numRuns: 50 },
  )
})

test('shares among which one is forged join to nothing', async () => {
  const { shares, set } = await makeSplitRootKey({ shares: 3, threshold: 2 }, systemRandom)
  const right = parseShare(shares[0]?.reveal() ?? '')
  const forged = { set, number: 2, key: createSecretKey(randomBytes(33)) }
  assert.equal(await joinShares([right, forged]), undefined)
})
