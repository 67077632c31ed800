import { strict as assert } from 'node:assert'
import { test } from 'node:test'

import { systemRandom } from '../../src/clock-and-random.ts'
import { ServiceError } from '../../src/errors.ts'
import { keyIdOf } from '../../src/jose/seal.ts'
import { SINCE_EVER } from '../../src/keys/key-life.ts'
import { keyWrite } from '../../src/keys/key-records.ts'
import { openLiveKeys } from '../../src/keys/live-keys.ts'
import { holdRootKey } from '../../src/keys/root-key.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { readErrorOf } from '../error-reply.ts'
import {
  createToken,
  encryptData,
  jtiOf,
  makeRootKey,
  openSession,
  postJwe,
  readPart,
  type Session,
} from '../flow.ts'
import { MERCHANT, type Harness } from '../harness.ts'
import { encryptRequest, envelope, SESSION_BODY } from '../http/mle.ts'
import { signByJwt } from '../signed-request.ts'
import { makeFolder } from '../store/folder.ts'
import type { TestClock } from '../store/clock.ts'
import { POLICIES, rethrow, startKept } from './kept.ts'

function kidOf({ jwt }: Session): unknown {
  return readPart(jwt, 0)['kid']
}

async function publicKeyStatus({ service }: Harness, kid: string): Promise<number> {
  const reply = await service.app.inject({ method: 'GET', url: `/flex/v2/public-keys/${kid}` })
  return reply.statusCode
}

function open(harness: Harness, clock: TestClock): Promise<Session> {
  return openSession(harness, { now: clock.now() })
}

/** Opens a session by an encrypted request; returns the status of the reply. */
async function openEncrypted({ service }: Harness, clock: TestClock): Promise<number> {
  const body = envelope(encryptRequest(SESSION_BODY, { iat: clock.seconds() }))
  const request = signByJwt(MERCHANT, { target: '/flex/v2/sessions', body }, { now: clock.now() })
  return (await service.app.inject(request)).statusCode
}

async function details({ service }: Harness, clock: TestClock, token: string) {
  const target = `/flex/v2/payment-details/${jtiOf(token)}`
  const signed = signByJwt(MERCHANT, { method: 'GET', target }, { now: clock.now() })
  return service.app.inject(signed)
}

const STORES = {
  memory: undefined,
  sqlite: ({ now }: TestClock) => openSqliteStore({ folder: makeFolder(), mode: 'dev', now }),
} as const

for (const [engine, makeStore] of Object.entries(STORES)) {
  test(`a new signing key is published before it signs, the old one as long as it is needed: ${engine}`, async (t) => {
    const { clock, here, there, keeper } = await startKept(t, makeStore)
    const made = await keeper.rotate('signing-key', POLICIES['signing-key'])
    const kid = made.find(({ change }) => change === 'made')?.id ?? ''
    clock.advance(4)
    for (const each of [here, there]) {
      assert.equal(await publicKeyStatus(each, kid), 200)
      assert.equal(kidOf(await open(each, clock)), 'dv')
    }
    clock.advance(55)
    const last = await open(here, clock)
    assert.equal(kidOf(last), 'dv')
    clock.advance(1)
    for (const each of [here, there]) assert.equal(kidOf(await open(each, clock)), kid)
    clock.advance(898)
    await createToken(there, last)
    clock.advance(302)
    for (const each of [here, there]) assert.equal(await publicKeyStatus(each, 'dv'), 404)
    const [erased] = await keeper.keep(POLICIES, rethrow)
    assert.deepEqual([erased?.id, erased?.change], ['dv', 'erased'])
    const [tombstone] = await keeper.list('signing-key')
    assert.deepEqual([tombstone?.id, tombstone?.isErased], ['dv', true])
    clock.advance(5)
    assert.equal(await publicKeyStatus(there, kid), 200)
  })

  test(`what the old sealing key sealed opens until it expires, and the rest is sealed anew: ${engine}`, async (t) => {
    const { clock, here, there, keeper, stock } = await startKept(t, makeStore)
    const before = await open(here, clock)
    const redeemed = await createToken(here, await open(here, clock))
    await keeper.rotate('sealing-key', POLICIES['sealing-key'])
    clock.advance(61)
    const token = await createToken(there, before)
    for (const each of [token, redeemed]) {
      assert.equal((await details(there, clock, each)).statusCode, 200)
    }
    // From the pool that the old key sealed.
    await createToken(here, await open(there, clock))
    clock.advance(400)
    const resealed = await keeper.keep(POLICIES, rethrow)
    assert.deepEqual(
      resealed.map(({ change }) => change),
      ['resealed'],
    )
    for (const each of [here, there]) assert.equal(await openEncrypted(each, clock), 201)
    clock.advance(26 * 3600)
    const erased = await keeper.keep(POLICIES, rethrow)
    assert.equal(erased[0]?.change, 'erased')
    assert.equal((await keeper.list('sealing-key')).length, 1)
    clock.advance(5)
    const [active] = await keeper.list('sealing-key')
    assert.ok(active && active.id !== erased[0]?.id)
    await stock(8)
    await createToken(there, await open(here, clock))
    assert.equal(await openEncrypted(here, clock), 201)
  })

  test(`a session key opens as long as its session lasts, under the sealing key it was minted with: ${engine}`, async (t) => {
    const { clock, here, there, keeper, stock } = await startKept(t, makeStore)
    const [old] = await keeper.list('sealing-key')
    await keeper.rotate('sealing-key', POLICIES['sealing-key'])
    clock.advance(59)
    for (const { name } of await here.store.list('pool-key')) {
      await here.store.write([{ op: 'delete', kind: 'pool-key', name }])
    }
    await stock(8)
    // Claimed in the last second of the pool, held for the longest, used in the last second of its session.
    clock.advance(24 * 3600 - 1)
    const claimed = await open(here, clock)
    await keeper.keep(POLICIES, rethrow)
    clock.advance(3600 - 1)
    const held = await open(here, clock)
    assert.ok(held.jwk.kid !== claimed.jwk.kid)
    const record = await here.store.get('session-key', held.jwk.kid)
    assert.equal(record && keyIdOf(record.value), old?.id)
    clock.advance(900 - 1)
    await keeper.keep(POLICIES, rethrow)
    await createToken(there, held)
  })
}

test('a revoked key is refused everywhere within 10 seconds, the active one after another took over', async (t) => {
  const { clock, here, there, keeper } = await startKept(t)
  const opened = await open(here, clock)
  const changes = await keeper.revoke('dv')
  const kid = changes.find(({ change }) => change === 'made')?.id
  for (let passed = 0; passed < 10; passed += 2) {
    clock.advance(2)
    for (const each of [here, there]) {
      await each.service.app.inject({ method: 'GET', url: '/flex/v2/public-keys/zz' })
      await open(each, clock)
    }
  }
  for (const each of [here, there]) {
    assert.equal(await publicKeyStatus(each, 'dv'), 404)
    const refusal = readErrorOf('VALIDATION_FAILED', await postJwe(each, encryptData(opened)))
    assert.equal(refusal.details[0]?.location, 'context')
    const renewed = await open(each, clock)
    assert.equal(kidOf(renewed), kid)
    await createToken(each, renewed)
  }
  await assert.rejects(keeper.revoke('dv'), { problem: 'The signing key dv is gone already.' })
})

test('a retired key is refused at once when it is revoked, and its bytes are erased', async (t) => {
  const { clock, here, there, keeper } = await startKept(t)
  await keeper.rotate('signing-key', POLICIES['signing-key'])
  clock.advance(61)
  const [change] = await keeper.revoke('dv')
  assert.deepEqual([change?.id, change?.change], ['dv', 'erased'])
  clock.advance(5)
  for (const each of [here, there]) assert.equal(await publicKeyStatus(each, 'dv'), 404)
})

test('a kid that is gone is never drawn again', async (t) => {
  const { clock, here, keeper } = await startKept(t)
  const drawn = new Set(['dv'])
  for (let round = 0; round < 5; round += 1) {
    const made = await keeper.rotate('signing-key', POLICIES['signing-key'])
    const kid = made.find(({ change }) => change === 'made')?.id ?? ''
    assert.ok(!drawn.has(kid))
    drawn.add(kid)
    clock.advance(2000)
    await keeper.keep(POLICIES, rethrow)
  }
  const names = (await here.store.list('signing-key')).map(({ name }) => name)
  assert.deepEqual(names, [...drawn])
  assert.equal((await keeper.list('signing-key')).filter(({ isErased }) => isErased).length, 5)
})

test('when every kid was used no key is made, and the active one signs on', async (t) => {
  const { clock, here, keeper } = await startKept(t)
  const digits = [...'0123456789abcdefghijklmnopqrstuvwxyz']
  const kids = digits.flatMap((first) => digits.map((second) => first + second))
  const shelf = { kind: 'signing-key', sealer: here.sealer } as const
  const life = { ...SINCE_EVER, retiredAt: 1, goneAt: 2 }
  const gone = kids
    .filter((id) => id !== 'dv')
    .map((id) => keyWrite(shelf, { id, life, material: Buffer.alloc(0) }))
  assert.equal(await here.store.write(gone), true)
  await assert.rejects(keeper.rotate('signing-key', POLICIES['signing-key']), {
    problem: 'Every two-character key id has been used.',
  })
  clock.advance(5)
  assert.equal(kidOf(await open(here, clock)), 'dv')
  assert.equal((await keeper.list('signing-key'))[0]?.life.retiredAt, undefined)
})

test('invented kids have the store read once a second at most', async (t) => {
  const { clock, here, rootKey } = await startKept(t)
  let lists = 0
  const list: typeof here.store.list = (kind) => {
    lists += 1
    return here.store.list(kind)
  }
  const root = holdRootKey(rootKey)
  const machine = { now: clock.now, random: systemRandom, onFault: assert.fail }
  const keys = await openLiveKeys({ store: { list }, root, ...machine })
  clock.advance(1)
  lists = 0
  for (let index = 0; index < 100; index += 1) {
    assert.equal(keys.signingKeys.find(`x${index}`), undefined)
    assert.equal(keys.sealer.find(`no${index}`), undefined)
    await keys.refresh()
  }
  assert.equal(lists, 2)
  await keys.close()
})

test('keys that cannot be read again serve on, and the outage is told when it begins and when it ends', async (t) => {
  const { clock, here, rootKey } = await startKept(t)
  const faults: unknown[] = []
  let isDown = false
  const list: typeof here.store.list = (kind) =>
    isDown ? Promise.reject(new ServiceError('STORE_UNAVAILABLE')) : here.store.list(kind)
  const keys = await openLiveKeys({
    store: { list },
    root: holdRootKey(rootKey),
    now: clock.now,
    random: systemRandom,
    onFault: (error) => void faults.push(error),
    onRecovery: () => void faults.push('recovered'),
  })
  isDown = true
  clock.advance(60)
  assert.equal(keys.isStale(), true)
  await keys.refresh()
  clock.advance(1)
  await keys.refresh()
  assert.equal(faults.length, 1)
  assert.equal(keys.signingKeys.active.kid, 'dv')
  isDown = false
  clock.advance(1)
  await keys.refresh()
  assert.equal(faults[1], 'recovered')
  assert.equal(keys.isStale(), false)
  await keys.close()
})

test('a new root key changes nothing for who holds the sealing keys, and is read when a new one is met', async (t) => {
  const { clock, here, there, keeper, place, rootKey } = await startKept(t)
  const opened = await open(here, clock)
  const renewed = makeRootKey()
  assert.equal(await keeper.rewrap(renewed), 1)
  clock.advance(5)
  await createToken(there, opened)
  await open(here, clock)
  await assert.rejects(keeper.rotate('sealing-key', POLICIES['sealing-key']), {
    problem: 'The root key does not open this store.',
  })
  place.rootKey = renewed
  await keeper.rotate('sealing-key', POLICIES['sealing-key'])
  clock.advance(61)
  for (const each of [here, there]) await createToken(there, await open(each, clock))
  const closed = { store: here.store, root: holdRootKey(rootKey), now: clock.now }
  const machine = { random: systemRandom, onFault: assert.fail }
  await assert.rejects(openLiveKeys({ ...closed, ...machine }), { name: 'OperatorError' })
})

test('compromised sealing keys are replaced: what lasts is sealed anew, what passes is thrown away', async (t) => {
  const { clock, here, there, keeper, stock } = await startKept(t)
  const opened = await open(here, clock)
  const token = await createToken(here, await open(here, clock))
  await stock(4, 'rotated-pool-key')
  const signer = await here.addMerchant({ sessionKeys: 'rotated' })
  const shared = await openSession(here, { signer, now: clock.now() })
  // From now on both hold the rotated key in memory.
  for (const each of [here, there]) await createToken(each, shared)
  const [old] = await keeper.list('sealing-key')
  const changes = await keeper.replaceSealingKeys(async (at) => {
    while (clock.seconds() < at) {
      clock.advance(1)
      // A worker serves all the while, and reads the keys.
      for (const each of [here, there]) assert.equal(await publicKeyStatus(each, 'dv'), 200)
    }
  })
  assert.deepEqual(
    changes.map(({ change }) => change),
    ['made', 'erased'],
  )
  const [replacement, ...others] = await keeper.list('sealing-key')
  assert.ok(replacement && replacement.id !== old?.id)
  assert.deepEqual(others, [])
  const kinds = ['pool-key', 'rotated-pool-key', 'session-key', 'rotated-key', 'card'] as const
  for (const kind of [...kinds, 'security-code'] as const) {
    assert.equal((await here.store.depth(kind)).count, 0, kind)
  }
  clock.advance(5)
  await stock(16)
  await stock(4, 'rotated-pool-key')
  for (const each of [here, there]) {
    assert.equal(await openEncrypted(each, clock), 201)
    readErrorOf('SESSION_KEY_NOT_FOUND', await postJwe(each, encryptData(shared)))
    await createToken(each, await openSession(each, { signer, now: clock.now() }))
    readErrorOf('SESSION_KEY_NOT_FOUND', await postJwe(each, encryptData(opened)))
    readErrorOf('TOKEN_NOT_FOUND', await details(each, clock, token))
    await createToken(each, await open(each, clock))
  }
})

test('what a revoked sealing key has sealed does not open any more, even where its replacement was interrupted', async (t) => {
  const { clock, here, there, keeper, stock } = await startKept(t)
  const opened = await open(here, clock)
  await stock(4, 'rotated-pool-key')
  const signer = await here.addMerchant({ sessionKeys: 'rotated' })
  const shared = await openSession(here, { signer, now: clock.now() })
  // From now on one holds in memory what opens them, the other does not.
  for (const session of [opened, shared]) await createToken(here, session)
  let waits = 0
  const interrupted = keeper.replaceSealingKeys(async (at) => {
    clock.advance(at - clock.seconds())
    waits += 1
    if (waits === 2) throw new Error('interrupted')
  })
  await assert.rejects(interrupted, { message: 'interrupted' })
  clock.advance(5)
  assert.equal((await keeper.list('sealing-key')).length, 2)
  assert.ok(await here.store.get('session-key', opened.jwk.kid))
  for (const each of [here, there]) {
    for (const session of [opened, shared]) {
      readErrorOf('SESSION_KEY_NOT_FOUND', await postJwe(each, encryptData(session)))
    }
  }
})
