import { strict as assert } from 'node:assert'
import { createPublicKey } from 'node:crypto'
import { test } from 'node:test'

import { systemClock, systemRandom } from '../../src/clock-and-random.ts'
import { createMleKeys, newestMleKey, storeMleKey } from '../../src/keys/mle-keys.ts'
import { createSealingKey, loadSealer } from '../../src/keys/sealing-keys.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { BUNDLED_KEYS, makeRootKey } from '../flow.ts'

const [KEY, OTHER] = BUNDLED_KEYS

async function makeStore() {
  const store = createMemoryStore(systemClock)
  const root = makeRootKey()
  await createSealingKey(store, root, systemRandom)
  return { store, sealer: await loadSealer(store, root, systemRandom) }
}

test('keeps keys sealed, finds each by its kid, and gives the newest to merchants', async () => {
  assert.ok(KEY && OTHER)
  const { store, sealer } = await makeStore()
  assert.equal(await newestMleKey(store, sealer), undefined)
  await storeMleKey(store, sealer, { kid: '1', privateKey: KEY, certificate: 'first' })
  const keys = createMleKeys(store, sealer)
  assert.equal((await keys.find('1'))?.certificate, 'first')
  // While a service runs.
  await storeMleKey(store, sealer, { kid: '2', privateKey: OTHER, certificate: 'second' })
  assert.deepEqual(await keys.kids(), ['1', '2'])
  assert.equal((await newestMleKey(store, sealer))?.kid, '2')
  for (const [kid, privateKey] of [
    ['1', KEY],
    ['2', OTHER],
    ['1', KEY],
  ] as const) {
    const found = await keys.find(kid)
    assert.ok(found)
    assert.ok(createPublicKey(found.privateKey).equals(createPublicKey(privateKey)))
  }
  assert.equal(await keys.find('1'), await keys.find('1'))
  for (const kid of ['3', '', '__proto__', '1 ']) assert.equal(await keys.find(kid), undefined)
  const pkcs8 = KEY.export({ type: 'pkcs8', format: 'der' })
  const [record] = await store.list('mle-key')
  const written = pkcs8.toString('base64').slice(400, 440)
  assert.ok(record && !record.value.includes(written) && !record.value.includes('first'))
  assert.equal(record.expiresAt, undefined)
})

test('does not replace a key that is there', async () => {
  assert.ok(KEY && OTHER)
  const { store, sealer } = await makeStore()
  await storeMleKey(store, sealer, { kid: '1', privateKey: KEY, certificate: 'first' })
  await storeMleKey(store, sealer, { kid: '1', privateKey: OTHER, certificate: 'second' })
  assert.equal((await createMleKeys(store, sealer).find('1'))?.certificate, 'first')
})
