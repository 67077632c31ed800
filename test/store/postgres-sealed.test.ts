import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { Client } from 'pg'
import { SealError, type SealingKey } from '../../src/jose/seal.ts'
import { Secret } from '../../src/secret.ts'
import type { StoredRecord } from '../../src/store/contract.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import {
  openRecord,
  sealedWrite,
  type Sealer,
  type Unsealed,
} from '../../src/store/sealed-records.ts'
import { createTestClock } from './clock.ts'
import { sharedServer } from './postgres-server.ts'

const KEY: SealingKey = { id: 'k001', key: createSecretKey(randomBytes(32)) }
const SEALER: Sealer = { active: KEY, find: () => KEY, randomBytes }
const CLOCK = createTestClock()
const CARD: Unsealed = {
  kind: 'card',
  name: 'a',
  secret: '1E0WC1GO87JG1B',
  owner: 'acme_shop',
  expiresAt: CLOCK.seconds() + 900,
  content: Buffer.from('{"number":"4111111111111111"}'),
}
const OTHER = { ...CARD, name: 'other' }

function refuses(record: StoredRecord | undefined, place: Unsealed): void {
  assert.ok(record !== undefined, 'the record is there')
  assert.throws(() => openRecord(record, place, SEALER), SealError)
}

const TABLE = 'coatcheck_passing.records'

for (const [what, change, place] of [
  ['with a later expiry', 'expires_at = expires_at + 1', CARD],
  ['without an expiry', 'expires_at = NULL', CARD],
  ['under another name', "name = 'b'", { ...CARD, name: 'b' }],
  ['of another kind', "kind = 'security-code'", { ...CARD, kind: 'security-code' }],
  ['with another byte in the middle', 'value = set_byte(value, 61, get_byte(value, 61) # 1)', CARD],
  ['of an unknown version', 'value = set_byte(value, 0, 200)', CARD],
  ['cut short', 'value = substring(value FROM 1 FOR 20)', CARD],
  ['with the value of another', `value = (SELECT value FROM ${TABLE} WHERE name = 'other')`, CARD],
] as const) {
  test(`in the PostgreSQL store a record ${what} does not open`, async (t) => {
    const address = await (await sharedServer()).createDatabase()
    const options = { address: new Secret(address), mode: 'dev', now: CLOCK.now } as const
    const store = await openPostgresStore(options)
    t.after(() => store.close())
    await store.write([sealedWrite('put-new', OTHER, SEALER), sealedWrite('put-new', CARD, SEALER)])
    const record = await store.get('card', 'a')
    assert.ok(record !== undefined && openRecord(record, CARD, SEALER).owner === 'acme_shop')
    const client = new Client({ connectionString: address })
    await client.connect()
    await client.query(`UPDATE ${TABLE} SET ${change} WHERE name = 'a'`)
    await client.end()
    refuses(await store.get(place.kind, place.name), place)
  })
}

test('a value opens in another engine only in its own place', async (t) => {
  const address = await (await sharedServer()).createDatabase()
  const store = await openPostgresStore({
    address: new Secret(address),
    mode: 'dev',
    now: CLOCK.now,
  })
  t.after(() => store.close())
  const memory = createMemoryStore(CLOCK.now)
  await memory.write([sealedWrite('put-new', CARD, SEALER)])
  const value = (await memory.get('card', 'a'))?.value ?? Buffer.alloc(0)
  const { kind, expiresAt } = CARD
  await store.write([{ op: 'put', kind, name: 'b', expiresAt, value }])
  refuses(await store.get('card', 'b'), { ...CARD, name: 'b' })
})
