import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  deriveSubkey,
  open,
  type Place,
  seal,
  type SealContent,
  SealError,
  type SealingKey,
} from '../../src/jose/seal.ts'
import { flipped } from './rsa.ts'

const KEY: SealingKey = { id: 'k001', key: createSecretKey(randomBytes(32)) }
const CARD = { kind: 'card', name: '3q2-7w', secret: '1E0WC1GO87JG1B' } as const
const CONTENT: SealContent = {
  owner: 'acme_shop',
  expiresAt: 1_700_000_900,
  content: Buffer.from('{"number":"4111111111111111"}'),
}

const OWNER_AT = 15
const SALT_AT = OWNER_AT + CONTENT.owner.length
const CIPHERTEXT_AT = SALT_AT + 32 + 12

function sealCard(change: Partial<Place & SealContent> = {}, key = KEY): Buffer {
  return seal(key, { ...CARD, ...CONTENT, ...change }, randomBytes)
}

function finder(...keys: readonly SealingKey[]): (id: string) => SealingKey | undefined {
  return (id) => keys.find((key) => key.id === id)
}

function refuses(sealed: Buffer, place: Place = CARD, find = finder(KEY)): void {
  assert.throws(
    () => open(sealed, place, find),
    (error) => error instanceof SealError && error.message === 'a sealed value does not open',
  )
}

test('a value moved to another name or kind does not open', () => {
  refuses(sealCard(), { ...CARD, name: '3q2-7x' })
  refuses(sealCard(), { ...CARD, name: '' })
  refuses(sealCard(), { ...CARD, kind: 'security-code' })
  refuses(sealCard(), { ...CARD, kind: 'car', name: `d${CARD.name}` })
})

test('a value does not open without its secret, with another, or with one that it does not have', () => {
  const { secret: _, ...place } = CARD
  refuses(sealCard(), place)
  refuses(sealCard(), { ...CARD, secret: '1E0WC1GO87JG1C' })
  refuses(seal(KEY, { ...place, ...CONTENT }, randomBytes), CARD)
  assert.deepEqual(
    open(seal(KEY, { ...place, ...CONTENT }, randomBytes), place, finder(KEY)),
    CONTENT,
  )
})

test('a value does not open when a single bit of it is changed, wherever', () => {
  const sealed = sealCard()
  for (let at = 0; at < sealed.length; at += 1) {
    refuses(flipped(sealed, at))
    const high = Buffer.from(sealed)
    high[at] = (high[at] ?? 0) ^ 0x80
    refuses(high)
  }
})

test('a value that was cut or lengthened at either end does not open', () => {
  const sealed = sealCard()
  for (let length = 0; length < sealed.length; length += 1) {
    refuses(sealed.subarray(0, length))
    refuses(sealed.subarray(sealed.length - length))
  }
  refuses(Buffer.concat([sealed, Buffer.from([0])]))
  refuses(Buffer.concat([Buffer.from([0]), sealed]))
})

test('a value of another version does not open, and no bytes make opening crash', () => {
  for (const version of [0, 1, 3, 255]) {
    const sealed = sealCard()
    sealed[0] = version
    refuses(sealed)
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => refuses(Buffer.from(bytes))))
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) =>
      refuses(Buffer.concat([Buffer.from([2]), Buffer.from(KEY.id), Buffer.from(bytes)])),
    ),
  )
})

// Sealed by the program while it wrote version 1.
const SEALED_BEFORE = {
  key: '25461a355f998fb01d12dccac7d36a08c2ca4012b044ad82f065a6a59d34ea8c',
  value:
    '016b303031000000006553f484000961636d655f73686f70dc2253da469685566f30d53065ef2144acd8958275bbef1f623be85080719cb5177fa2252e9af312d0c730b9d95d081fe8a2c2068bb820080e626783d69b255620989b0c274c77e9054e5fac6f1c5952a93c94b9c970fb026f',
}

test('a value of the version before opens, in its place alone', () => {
  const key: SealingKey = { id: 'k001', key: createSecretKey(SEALED_BEFORE.key, 'hex') }
  const sealed = Buffer.from(SEALED_BEFORE.value, 'hex')
  assert.deepEqual(open(sealed, CARD, finder(key)), CONTENT)
  refuses(sealed, { ...CARD, name: '3q2-7x' }, finder(key))
  sealed[0] = 2
  refuses(sealed, CARD, finder(key))
})

test('another owner or expiry can be written over a value, but then it does not open', () => {
  const sealed = sealCard()
  const otherOwner = Buffer.from(sealed)
  otherOwner.write('evil_shop', OWNER_AT)
  refuses(otherOwner)
  for (const expiresAt of [0n, 1_700_000_901n, 2n ** 63n]) {
    const otherExpiry = Buffer.from(sealed)
    otherExpiry.writeBigUInt64BE(expiresAt, 5)
    refuses(otherExpiry)
  }
})

test('bytes cannot move between owner and salt', () => {
  const sealed = sealCard()
  sealed.writeUInt16BE(CONTENT.owner.length + 1, 13)
  refuses(sealed)
})

test('a value does not open with another key of the same id, or with none', () => {
  refuses(sealCard(), CARD, finder({ id: KEY.id, key: createSecretKey(randomBytes(32)) }))
  refuses(sealCard(), CARD, finder())
  refuses(sealCard(), CARD, finder({ ...KEY, id: 'k002' }))
})

test('a value relabelled with the id of another known key does not open', () => {
  const other = { id: 'k002', key: createSecretKey(randomBytes(32)) }
  const sealed = sealCard()
  sealed.write(other.id, 1, 'latin1')
  refuses(sealed, CARD, finder(KEY, other))
})

test('a subkey does not open what the key sealed, nor the key what the subkey sealed', () => {
  const subkey = { id: KEY.id, key: createSecretKey(deriveSubkey(KEY, 'pool-key')) }
  const place = { kind: 'pool-key', name: '08abc' }
  const byKey = seal(KEY, { ...place, ...CONTENT }, randomBytes)
  const bySubkey = seal(subkey, { ...place, ...CONTENT }, randomBytes)
  refuses(byKey, place, finder(subkey))
  refuses(bySubkey, place, finder(KEY))
  assert.deepEqual(open(bySubkey, place, finder(subkey)), CONTENT)
})

test('what the subkey of pool keys sealed as another kind opens neither as that kind nor as a pool key', () => {
  const subkey = { id: KEY.id, key: createSecretKey(deriveSubkey(KEY, 'pool-key')) }
  const forged = seal(subkey, { ...CARD, ...CONTENT }, randomBytes)
  refuses(forged, CARD, finder(KEY))
  refuses(forged, { ...CARD, kind: 'pool-key' }, finder(subkey))
})

test('subkeys of two purposes, and of two keys, differ', () => {
  const other = { id: KEY.id, key: createSecretKey(randomBytes(32)) }
  const made = [
    deriveSubkey(KEY, 'pool-key'),
    deriveSubkey(KEY, 'pool-kez'),
    deriveSubkey(other, 'pool-key'),
  ]
  assert.equal(new Set(made.map((subkey) => subkey.toString('hex'))).size, 3)
  assert.deepEqual(deriveSubkey(KEY, 'pool-key'), made[0])
})

test('what a session remembers in flx.data never opens as a card', () => {
  const flxData = seal(KEY, { ...CARD, ...CONTENT, kind: 'flx-data' }, randomBytes)
  refuses(flxData, CARD)
  refuses(sealCard(), { ...CARD, kind: 'flx-data' })
})

test('the findings of two lookups are not mixed: the key is looked up by the id in the value', () => {
  const other = { id: 'k002', key: createSecretKey(randomBytes(32)) }
  const find = finder(KEY, other)
  assert.deepEqual(open(sealCard(), CARD, find), CONTENT)
  assert.deepEqual(open(sealCard({}, other), CARD, find), CONTENT)
})

test('an expiry that is no whole second since the epoch, or an owner that is too long, cannot be sealed', () => {
  for (const expiresAt of [0, -1, 1.5, NaN, Infinity])
    assert.throws(() => sealCard({ expiresAt }), RangeError, String(expiresAt))
  assert.throws(() => sealCard({ owner: 'x'.repeat(65_536) }), RangeError)
})

test('two seals of the same share nothing: not the salt, not the nonce, not the ciphertext, not the tag', () => {
  const sealed = Array.from({ length: 20 }, () => sealCard())
  for (const [start, end] of [
    [SALT_AT, SALT_AT + 32],
    [SALT_AT + 32, CIPHERTEXT_AT],
    [CIPHERTEXT_AT, -16],
    [-16, undefined],
  ] as const)
    assert.equal(
      new Set(sealed.map((one) => one.toString('hex', ...range(one, start, end)))).size,
      20,
    )
})

function range(bytes: Buffer, start: number, end: number | undefined): [number, number] {
  const at = (index: number): number => (index < 0 ? bytes.length + index : index)
  return [at(start), at(end ?? bytes.length)]
}

test('with the same salt and nonce, two names still share no key stream with two secrets', () => {
  const fixed = (count: number): Buffer => Buffer.alloc(count, 1)
  const ciphertext = (secret: string): string =>
    seal(KEY, { ...CARD, ...CONTENT, secret }, fixed).toString('hex', CIPHERTEXT_AT)
  assert.notEqual(ciphertext('a').slice(0, 32), ciphertext('b').slice(0, 32))
})

test('content, owner and expiry of any kind survive sealing and opening', () => {
  const anyContent = fc
    .tuple(
      fc.string({ unit: 'grapheme' }),
      fc.option(fc.integer({ min: 1 }), { nil: undefined }),
      fc.uint8Array({ maxLength: 300 }),
    )
    .map(([owner, expiresAt, bytes]) => ({ owner, expiresAt, content: Buffer.from(bytes) }))
  const anyPlace = fc.record({ kind: fc.string(), name: fc.string(), secret: fc.string() })
  fc.assert(
    fc.property(anyContent, anyPlace, (content, place) => {
      const sealed = seal(KEY, { ...place, ...content }, randomBytes)
      assert.deepEqual(open(sealed, place, finder(KEY)), content)
    }),
  )
})

test('neither the content nor the secret nor the name is readable in the sealed value', () => {
  const text = sealCard().toString('latin1')
  for (const hidden of ['4111111111111111', 'number', CARD.secret, CARD.name])
    assert.equal(text.includes(hidden), false, hidden)
})
