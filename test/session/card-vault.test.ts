import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'

import type { CardData, FieldPath } from '../../src/protocol/field-catalogue.ts'
import { createJti } from '../../src/protocol/jti.ts'
import { cardRecordName, openCard, storeCardWrites } from '../../src/session/card-vault.ts'
import type { StoredRecord } from '../../src/store/contract.ts'
import { openRecord } from '../../src/store/sealed-records.ts'
import { startHarness, type Harness } from '../harness.ts'

const EXPIRES_AT = 4_000_000_000
const PAN = '4111111111111111'
const SHOWN: readonly (readonly [FieldPath, string])[] = [
  ['paymentInformation.card.number', PAN],
  ['orderInformation.billTo.lastName', 'Ærø 漢字 𝒳'],
]
const CARD_DATA: CardData = new Map([
  ...SHOWN,
  ['paymentInformation.card.securityCode', '737'] as const,
])
const CARD = { merchantId: 'shop', expiresAt: EXPIRES_AT, cardData: CARD_DATA }

let harness: Harness

before(async () => {
  harness = await startHarness()
})
after(() => harness.close())

function newJti(): string {
  return createJti(randomBytes(32), 'E', EXPIRES_AT)
}

async function stored(jti: string): Promise<{ card: StoredRecord; code: StoredRecord }> {
  const { store, sealer } = harness
  assert.equal(await store.write(storeCardWrites(jti, CARD, sealer)), true)
  const card = await store.get('card', cardRecordName(jti))
  const code = await store.get('security-code', cardRecordName(jti))
  assert.ok(card && code)
  return { card, code }
}

test('keeps the security code in a record of its own, which reading a card does not open', async () => {
  const jti = newJti()
  const { card, code } = await stored(jti)
  const opened = openCard(card, jti, harness.sealer)
  assert.deepEqual([...opened.cardData], SHOWN)
  assert.deepEqual([opened.merchantId, opened.expiresAt], ['shop', EXPIRES_AT])
  const place = { kind: 'security-code', name: code.name, secret: jti }
  assert.equal(openRecord(code, place, harness.sealer).content.toString(), '737')
})

test('opens no card without its jti, though all keys and the whole store are there', async () => {
  const jti = newJti()
  const { card, code } = await stored(jti)
  const { name } = card
  for (const secret of [undefined, '', newJti(), name, jti.slice(0, 63), jti.toLowerCase()]) {
    for (const [record, kind] of [
      [card, 'card'],
      [code, 'security-code'],
    ] as const) {
      const place = { kind, name, ...(secret === undefined ? {} : { secret }) }
      assert.throws(() => openRecord(record, place, harness.sealer), { name: 'SealError' })
    }
  }
})

test('opens no card that was moved to another name, owner, kind or expiry', async () => {
  const [jti, other] = [newJti(), newJti()]
  const { card, code } = await stored(jti)
  const bad = [
    { ...card, name: cardRecordName(other) },
    { ...card, expiresAt: EXPIRES_AT + 1 },
    { ...card, expiresAt: undefined },
    { ...card, value: code.value },
    { ...card, value: withOwner(card.value) },
  ]
  for (const record of bad) {
    assert.throws(() => openCard(record, jti, harness.sealer), { name: 'SealError' })
  }
  assert.throws(() => openCard(card, other, harness.sealer), { name: 'SealError' })
})

function withOwner(value: Buffer): Buffer {
  const changed = Buffer.from(value)
  assert.equal(changed.toString('utf8', 15, 19), 'shop')
  changed.write('shoq', 15)
  return changed
}

test('is stored under a hash of the jti and never over another card', async () => {
  const jti = newJti()
  await stored(jti)
  assert.match(cardRecordName(jti), /^[0-9A-F]{8}[\w-]{43}$/)
  assert.equal(await harness.store.write(storeCardWrites(jti, CARD, harness.sealer)), false)
})

test('writes no record for a security code that was not captured', () => {
  const writes = storeCardWrites(newJti(), { ...CARD, cardData: new Map(SHOWN) }, harness.sealer)
  assert.deepEqual(
    writes.map(({ kind }) => kind),
    ['card'],
  )
})
