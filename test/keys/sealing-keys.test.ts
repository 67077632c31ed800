import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { systemClock, systemRandom } from '../../src/clock-and-random.ts'
import { OperatorError } from '../../src/errors.ts'
import { open, seal } from '../../src/jose/seal.ts'
import { createRootKeyFile, parseRootKey, readRootKeyFile } from '../../src/keys/root-key.ts'
import {
  createSealingKey,
  exportPoolKey,
  loadSealer,
  poolSealer,
} from '../../src/keys/sealing-keys.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { openRecord, sealedWrite } from '../../src/store/sealed-records.ts'
import { makeRootKey } from '../flow.ts'
import { startHarness } from '../harness.ts'
import { makeFolder } from '../store/folder.ts'

async function makeStore() {
  const store = createMemoryStore(systemClock)
  const root = makeRootKey()
  await createSealingKey(store, root, systemRandom)
  return { store, root, sealer: await loadSealer(store, root, systemRandom) }
}

function record(kind: 'card' | 'pool-key' | 'rotated-pool-key', name: string) {
  const content = Buffer.from('the content')
  return { kind, name, owner: 'shop', expiresAt: 4_000_000_000, content } as const
}

test('refuses a store whose keys another root key has wrapped, before anything is changed', async () => {
  const { store } = await makeStore()
  const before = await store.list('sealing-key')
  await assert.rejects(loadSealer(store, makeRootKey(), systemRandom), (error) => {
    assert.ok(error instanceof OperatorError)
    assert.equal(error.problem, 'The root key does not open this store.')
    return true
  })
  assert.deepEqual(await store.list('sealing-key'), before)
  const rootKey = makeRootKey()
  await assert.rejects(startHarness({ store, rootKey }), OperatorError)
})

test('refuses a store without keys, and one whose sealing key was changed', async () => {
  const empty = createMemoryStore(systemClock)
  await assert.rejects(loadSealer(empty, makeRootKey(), systemRandom), OperatorError)
  const { store, root } = await makeStore()
  const [key] = await store.list('sealing-key')
  assert.ok(key)
  const value = Buffer.from(key.value)
  value.writeUInt8(value.readUInt8(70) ^ 1, 70)
  await store.write([{ op: 'put', kind: 'sealing-key', ...key, value }])
  await assert.rejects(loadSealer(store, root, systemRandom), OperatorError)
})

test('seals with the newest key and opens with all of them', async () => {
  const { store, root, sealer } = await makeStore()
  const write = sealedWrite('put-new', record('card', 'a'), sealer)
  await store.write([write])
  await createSealingKey(store, root, systemRandom)
  const later = await loadSealer(store, root, systemRandom)
  assert.notEqual(later.active.id, sealer.active.id)
  const stored = await store.get('card', 'a')
  assert.ok(stored)
  const opened = openRecord(stored, { kind: 'card', name: 'a' }, later)
  assert.equal(opened.content.toString(), 'the content')
  await store.write([sealedWrite('put', record('card', 'a'), later)])
  const resealed = await store.get('card', 'a')
  assert.ok(resealed)
  assert.throws(() => openRecord(resealed, { kind: 'card', name: 'a' }, sealer), {
    name: 'SealError',
  })
})

test('keeps a sealing key readable for nobody but the holder of the root key', async () => {
  const { store, sealer } = await makeStore()
  const [key] = await store.list('sealing-key')
  assert.ok(key && !key.value.includes(sealer.active.key.export()))
})

test('hands the minting process a key that opens no card and makes none', async () => {
  const { sealer } = await makeStore()
  const { id, bytes } = exportPoolKey(sealer)
  assert.notDeepEqual(bytes, sealer.active.key.export())
  const subkey = { id, key: poolSealer(sealer).active.key }
  assert.deepEqual(subkey.key.export(), bytes)
  const findSubkey = (): typeof subkey => subkey
  const findAny = (wanted: string) => sealer.find(wanted)

  const card = seal(sealer.active, record('card', 'a'), randomBytes)
  assert.throws(() => open(card, { kind: 'card', name: 'a' }, findSubkey), { name: 'SealError' })
  const forged = seal(subkey, record('card', 'a'), randomBytes)
  assert.throws(() => open(forged, { kind: 'card', name: 'a' }, findAny), { name: 'SealError' })

  const pooled = seal(subkey, record('pool-key', 'a'), randomBytes)
  assert.throws(() => open(pooled, { kind: 'pool-key', name: 'a' }, findAny), { name: 'SealError' })
  for (const place of [
    { kind: 'rotated-pool-key', name: 'a' },
    { kind: 'session-key', name: 'a' },
    { kind: 'pool-key', name: 'b' },
  ]) {
    assert.throws(() => open(pooled, place, findSubkey), { name: 'SealError' })
  }
  const opened = open(pooled, { kind: 'pool-key', name: 'a' }, findSubkey)
  assert.equal(opened.content.toString(), 'the content')
})

test('gives pools of two sealing keys two subkeys', async () => {
  const [first, second] = [await makeStore(), await makeStore()]
  assert.notDeepEqual(exportPoolKey(first.sealer).bytes, exportPoolKey(second.sealer).bytes)
  assert.equal(poolSealer(first.sealer).find('none'), undefined)
})

const GOOD = Buffer.alloc(32, 9).toString('base64')

for (const text of [
  '',
  'x',
  GOOD.slice(1),
  `${GOOD}A`,
  GOOD.replace('=', ''),
  ` ${GOOD} A`,
  Buffer.alloc(31).toString('base64'),
  Buffer.alloc(33).toString('base64'),
  Buffer.alloc(32, 255).toString('base64url'),
]) {
  test(`takes ${JSON.stringify(text)} for no root key and does not repeat it`, () => {
    assert.throws(
      () => parseRootKey(text, 'THE_SOURCE'),
      (error) => {
        assert.ok(error instanceof OperatorError && error.problem.startsWith('THE_SOURCE'))
        assert.ok(text.length < 5 || !error.message.includes(text))
        return true
      },
    )
  })
}

test('reads a root key with white space around it', () => {
  assert.deepEqual(parseRootKey(` ${GOOD}\n`, 'x').key.export(), Buffer.alloc(32, 9))
})

test('writes a root key for its owner alone and never over another', () => {
  const path = join(makeFolder(), 'root.key')
  const made = createRootKeyFile(path, randomBytes)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.deepEqual(readRootKeyFile(path).key.export(), made.key.export())
  const written = readFileSync(path, 'utf8')
  assert.throws(() => createRootKeyFile(path, randomBytes), OperatorError)
  assert.equal(readFileSync(path, 'utf8'), written)
})

test('refuses a root key file that others can read, that is missing or holds no key', () => {
  const path = join(makeFolder(), 'root.key')
  assert.throws(() => readRootKeyFile(path), OperatorError)
  writeFileSync(path, GOOD, { mode: 0o600 })
  assert.equal(readRootKeyFile(path).id, 'root')
  for (const mode of [0o640, 0o604, 0o660, 0o601]) {
    chmodSync(path, mode)
    assert.throws(() => readRootKeyFile(path), /can be read by others/)
  }
  chmodSync(path, 0o600)
  writeFileSync(path, 'x')
  assert.throws(() => readRootKeyFile(path), OperatorError)
})
