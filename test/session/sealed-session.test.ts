import { strict as assert } from 'node:assert'
import { after, before, test } from 'node:test'

import { open } from '../../src/jose/seal.ts'
import { openSession, sealSession } from '../../src/session/sealed-session.ts'
import { startHarness, type Harness } from '../harness.ts'

const KID = `08${'a'.repeat(30)}`
const SESSION = { merchantId: 'shop', expiresAt: 1_800_000_900, tokens: 1, attempts: 5 }

let harness: Harness

before(async () => {
  harness = await startHarness()
})
after(() => harness.close())

test('remembers a session inside its own flx.data', () => {
  const data = sealSession(SESSION, KID, harness.sealer)
  assert.match(data, /^[A-Za-z0-9+/]+={0,2}$/)
  assert.deepEqual(openSession(data, KID, harness.sealer), SESSION)
})

test('shares nothing between two seals of one session', () => {
  const [first, second] = [1, 2].map(() =>
    Buffer.from(sealSession(SESSION, KID, harness.sealer), 'base64'),
  )
  assert.ok(first && second)
  const headerLength = 15 + SESSION.merchantId.length
  assert.deepEqual(first.subarray(0, headerLength), second.subarray(0, headerLength))
  const equal = first
    .subarray(headerLength)
    .filter((byte, at) => byte === second[headerLength + at])
  assert.ok(equal.length < 10, String(equal.length))
})

test('opens for no other kid, not after any change, and nothing else', async () => {
  const data = sealSession(SESSION, KID, harness.sealer)
  assert.equal(openSession(data, `08${'b'.repeat(30)}`, harness.sealer), undefined)
  const bytes = Buffer.from(data, 'base64')
  for (let index = 0; index < bytes.length; index += 1) {
    const changed = Buffer.from(bytes)
    changed.writeUInt8(changed.readUInt8(index) ^ 1, index)
    assert.equal(openSession(changed.toString('base64'), KID, harness.sealer), undefined)
  }
  for (const text of ['', 'x', data.slice(0, 20), `AAAA${data}`, '\u0000', 'AQ=='.repeat(99)]) {
    assert.equal(openSession(text, KID, harness.sealer), undefined)
  }
  const other = await startHarness()
  assert.equal(openSession(data, KID, other.sealer), undefined)
  await other.close()
})

test('never opens as a record of another kind', () => {
  const sealed = Buffer.from(sealSession(SESSION, KID, harness.sealer), 'base64')
  for (const kind of ['card', 'session-key', 'merchant', 'credential', 'pool-key']) {
    const find = (id: string) => harness.sealer.find(id)
    assert.throws(() => open(sealed, { kind, name: KID }, find), { name: 'SealError' })
  }
})
