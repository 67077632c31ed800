import { strict as assert } from 'node:assert'
import { test } from 'node:test'

import { systemClock, systemRandom } from '../../src/clock-and-random.ts'
import { OperatorError } from '../../src/errors.ts'
import { createSealingKey, loadSealer } from '../../src/keys/sealing-keys.ts'
import { createSigningKey, loadSigningKeys, storeSigningKey } from '../../src/keys/signing-keys.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { BUNDLED_KEYS, makeRootKey, SIGNING_KEY } from '../flow.ts'

async function makeStore() {
  const store = createMemoryStore(systemClock)
  const root = makeRootKey()
  await createSealingKey(store, root, systemRandom)
  return { store, sealer: await loadSealer(store, root, systemRandom) }
}

test('makes an RSA-2048 key under a kid of two characters and keeps it sealed', async () => {
  const { store, sealer } = await makeStore()
  const kid = await createSigningKey(store, sealer, systemRandom)
  assert.match(kid, /^[0-9a-z]{2}$/)
  const { active, published, find } = await loadSigningKeys(store, sealer)
  assert.equal(active.kid, kid)
  assert.ok('privateKey' in active)
  assert.equal(active.privateKey.asymmetricKeyDetails?.modulusLength, 2048)
  assert.equal(published.length, 1)
  const found = find(kid)
  assert.deepEqual(Object.keys(found?.jwk ?? {}), ['kty', 'use', 'kid', 'n', 'e'])
  assert.equal(found?.publicKey.type, 'public')
  const [record] = await store.list('signing-key')
  const pkcs8 = active.privateKey.export({ type: 'pkcs8', format: 'der' })
  assert.ok(record && !record.value.includes(pkcs8.subarray(300, 340)))
  assert.equal(record.expiresAt, undefined)
})

test('finds a key by the letter only', async () => {
  const { store, sealer } = await makeStore()
  await storeSigningKey(store, sealer, { kid: 'dv', privateKey: SIGNING_KEY })
  const { find } = await loadSigningKeys(store, sealer)
  assert.ok(find('dv'))
  for (const kid of ['DV', 'd', '', '__proto__', 'dv ']) assert.equal(find(kid), undefined)
})

test('never puts another key under a kid that is taken', async () => {
  const { store, sealer } = await makeStore()
  const [other] = BUNDLED_KEYS
  assert.ok(other)
  await storeSigningKey(store, sealer, { kid: 'dv', privateKey: SIGNING_KEY })
  await storeSigningKey(store, sealer, { kid: 'dv', privateKey: other })
  const { active } = await loadSigningKeys(store, sealer)
  assert.ok('privateKey' in active)
  assert.deepEqual(
    active.privateKey.export({ format: 'jwk' }),
    SIGNING_KEY.export({ format: 'jwk' }),
  )
})

test('draws a free kid, and refuses when none is left', async () => {
  const { store, sealer } = await makeStore()
  // Bytes from which only `00` and `01` are drawn: the first two are taken soon.
  let drawn = 0
  const bytes = (count: number): Buffer => {
    drawn += 1
    return Buffer.alloc(count, Buffer.from([0, drawn % 3 === 0 ? 1 : 0]))
  }
  const random = { ...systemRandom, bytes }
  const kids = [
    await createSigningKey(store, sealer, random),
    await createSigningKey(store, sealer, random),
  ]
  assert.deepEqual(kids, ['00', '01'])
  const stuck = { ...random, bytes: (count: number) => Buffer.alloc(count) }
  await assert.rejects(createSigningKey(store, sealer, stuck), OperatorError)
})

test('refuses a store without a signing key, and one whose key was moved', async () => {
  const { store, sealer } = await makeStore()
  await assert.rejects(loadSigningKeys(store, sealer), OperatorError)
  await storeSigningKey(store, sealer, { kid: 'dv', privateKey: SIGNING_KEY })
  const record = await store.get('signing-key', 'dv')
  assert.ok(record)
  await store.write([{ op: 'put-new', kind: 'signing-key', ...record, name: 'dw' }])
  await assert.rejects(loadSigningKeys(store, sealer), { name: 'SealError' })
})
