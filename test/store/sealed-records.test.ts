import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { SealError, type SealingKey } from '../../src/jose/seal.ts'
import type { StoredRecord } from '../../src/store/contract.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import {
  openRecord,
  sealedWrite,
  type Sealer,
  type Unsealed,
} from '../../src/store/sealed-records.ts'
import { SQLITE_FILES } from '../../src/store/sqlite-file.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { createTestClock } from './clock.ts'
import { makeFolder } from './folder.ts'

function makeSealer(id = 'k001'): Sealer {
  const active: SealingKey = { id, key: createSecretKey(randomBytes(32)) }
  return { active, find: (wanted) => (wanted === id ? active : undefined), randomBytes }
}

const SEALER = makeSealer()
const CLOCK = createTestClock()
const EXPIRES_AT = CLOCK.seconds() + 900
const CARD: Unsealed = {
  kind: 'card',
  name: 'a',
  secret: '1E0WC1GO87JG1B',
  owner: 'acme_shop',
  expiresAt: EXPIRES_AT,
  content: Buffer.from('{"number":"4111111111111111"}'),
}

function refuses(record: StoredRecord | undefined, place = CARD, sealer = SEALER): void {
  assert.ok(record !== undefined, 'the record is there')
  assert.throws(
    () => openRecord(record, place, sealer),
    (error) => error instanceof SealError && error.message === 'a sealed value does not open',
  )
}

async function storedInMemory(): Promise<StoredRecord> {
  const store = createMemoryStore(CLOCK.now)
  await store.write([sealedWrite('put-new', CARD, SEALER)])
  const record = await store.get('card', 'a')
  assert.ok(record !== undefined)
  return record
}

test('a record opens to its content, its owner and its expiry', async () => {
  const { owner, expiresAt, content } = CARD
  assert.deepEqual(openRecord(await storedInMemory(), CARD, SEALER), { owner, expiresAt, content })
})

test('a record whose expiry was changed, or taken away, does not open', async () => {
  const record = await storedInMemory()
  for (const expiresAt of [EXPIRES_AT + 1, EXPIRES_AT - 1, undefined])
    refuses({ ...record, expiresAt })
})

test('a record that was never to expire does not open once it has an expiry', async () => {
  const write = sealedWrite('put', { ...CARD, expiresAt: undefined }, SEALER)
  assert.ok(write.op === 'put')
  const counts = { issued: 0, opened: 0, failed: 0 }
  const record = { name: 'a', expiresAt: undefined, value: write.value, counts }
  assert.equal(openRecord(record, CARD, SEALER).expiresAt, undefined)
  refuses({ ...record, expiresAt: EXPIRES_AT })
})

test('a record under another name than the one that was asked for does not open', async () => {
  const record = await storedInMemory()
  refuses({ ...record, name: 'b' })
  refuses(record, { ...CARD, name: 'b' })
  refuses({ ...record, name: 'b' }, { ...CARD, name: 'b' })
})

test('a spent record does not open', async () => {
  refuses({ ...(await storedInMemory()), value: Buffer.alloc(0) })
})

test('a record does not open without its secret or with the key of another store', async () => {
  const record = await storedInMemory()
  const { secret: _, ...place } = CARD
  refuses(record, place)
  refuses(record, CARD, makeSealer())
  refuses(record, CARD, makeSealer('k002'))
})

test('in the memory store a value that was moved to another name or kind does not open', async () => {
  const store = createMemoryStore(CLOCK.now)
  const sealed = sealedWrite('put-new', CARD, SEALER)
  assert.ok(sealed.op === 'put-new')
  await store.write([sealed, { ...sealed, name: 'b' }, { ...sealed, kind: 'security-code' }])
  refuses(await store.get('card', 'b'), { ...CARD, name: 'b' })
  refuses(await store.get('security-code', 'a'), { ...CARD, kind: 'security-code' })
  assert.deepEqual(
    openRecord((await store.take('card', 1))[0] as StoredRecord, CARD, SEALER).content,
    CARD.content,
  )
})

for (const [what, sql, place] of [
  ['whose expiry was put off', 'UPDATE records SET expires_at = expires_at + 1', CARD],
  ['whose expiry was taken away', 'UPDATE records SET expires_at = NULL', CARD],
  ['that was renamed', "UPDATE records SET name = 'b'", { ...CARD, name: 'b' }],
  [
    'that was moved to another kind',
    "UPDATE records SET kind = 'security-code'",
    { ...CARD, kind: 'security-code' },
  ],
  [
    'with other bytes in the middle',
    "UPDATE records SET value = CAST(substr(value, 1, 60) || x'00000000' || substr(value, 65) AS BLOB)",
    CARD,
  ],
  [
    'with the value of another',
    "UPDATE records SET value = (SELECT value FROM records WHERE name = 'other')",
    CARD,
  ],
] as const) {
  test(`in the SQLite store a record ${what} does not open`, async (t) => {
    const folder = makeFolder()
    const store = openSqliteStore({ folder, mode: 'dev', now: CLOCK.now })
    t.after(() => store.close())
    await store.write([
      sealedWrite('put-new', { ...CARD, name: 'other' }, SEALER),
      sealedWrite('put-new', CARD, SEALER),
    ])
    const record = await store.get('card', 'a')
    assert.ok(record !== undefined && openRecord(record, CARD, SEALER).owner === 'acme_shop')
    const other = new DatabaseSync(join(folder, SQLITE_FILES.passing))
    other.exec(`${sql} WHERE name = 'a'`)
    other.close()
    refuses(await store.get(place.kind, place.name), place)
  })
}

test('what is stored shows neither the content nor the secret', async () => {
  const text = (await storedInMemory()).value.toString('latin1')
  assert.equal(text.includes('4111111111111111') || text.includes('1E0WC1GO87JG1B'), false)
})
