import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { CONTROL_ROUTES } from '../../../src/dev/control/routes.ts'
import { MERCHANT } from '../../harness.ts'
import { signByJwt } from '../../signed-request.ts'
import { encryptData, readSession } from '../../flow.ts'
import { start, taken, type Json, type Started } from '../started.ts'

test('a token comes in one call, with what it was made of, and can be used', async (t) => {
  const emulator = await start(t)
  const token = taken(
    await emulator.control('POST', '/_dev/tokens', {
      number: '5555555555554444',
      securityCode: '123',
      type: '002',
    }),
  )
  const { number, securityCode, type } = token.content.paymentInformation.card
  assert.deepEqual(
    [number.maskedValue, securityCode, type],
    ['XXXXXXXXXXXX4444', {}, { value: '002' }],
  )
  const details = await emulator.flow.client.getPaymentDetails(token.jti as string)
  assert.ok(JSON.stringify(details).includes('XXXXXXXXXXXX4444'))
  const operations = emulator.requests.list().map(({ operation }) => operation)
  assert.deepEqual(operations.toReversed().slice(0, 2), [
    'generateFlexAPICaptureContext',
    'createTransientToken',
  ])
})

test('a token of a whole tree declares every field of it', async (t) => {
  const emulator = await start(t)
  const data = {
    paymentInformation: { card: { number: '4111111111111111' } },
    orderInformation: { billTo: { firstName: 'Ada' } },
  }
  const { content } = taken(await emulator.control('POST', '/_dev/tokens', { data }))
  assert.deepEqual(content.orderInformation, { billTo: { firstName: {} } })
})

test('what the service refuses of a token is passed on with its status and body', async (t) => {
  const emulator = await start(t)
  const { status, json } = await emulator.control('POST', '/_dev/tokens', {
    number: '4111111111111112',
  })
  assert.equal(status, 400)
  assert.equal(json.error.reply.status, 400)
  assert.match(json.error.reply.body as string, /Invalid card number format/)
})

async function inspect(emulator: Started, text: string): Promise<Json> {
  return taken(await emulator.control('POST', '/_dev/inspect', { text }))
}

test('what is pasted is explained, verified with the right key, and connected with what was seen', async (t) => {
  const emulator = await start(t)
  const made = taken(await emulator.control('POST', '/_dev/tokens', {}))
  const context = await inspect(emulator, made.captureContext as string)
  assert.deepEqual(
    [context.kind, context.verification.verified, context.session],
    ['capture-context', true, made.kid],
  )
  assert.deepEqual(context.requests, ['r1', 'r2'])
  assert.equal(context.verification.expiry, 'expires in 15 minutes')
  const token = await inspect(emulator, `Bearer ${made.token}`)
  assert.deepEqual([token.kind, token.verification.verified], ['transient-token', true])
  const jti = await inspect(emulator, made.jti as string)
  assert.deepEqual([jti.kind, jti.verification.verified, jti.session], ['jti', null, made.kid])
  const jwe = await inspect(emulator, encryptData(readSession(made.captureContext as string)))
  assert.deepEqual([jwe.kind, jwe.verification.verified], ['token-request', true])
  assert.doesNotMatch(JSON.stringify(jwe), /4111111111111111/)
  const seen = taken(await emulator.control('GET', '/_dev/requests/r2'))
  const own = await inspect(emulator, seen.request.body.text as string)
  assert.deepEqual([own.kind, own.verification.verified], ['token-request', true])
  const request = signByJwt(MERCHANT, { target: '/flex/v2/sessions' })
  const bearer = await inspect(emulator, request.headers['authorization'] ?? '')
  assert.deepEqual([bearer.kind, bearer.verification.verified], ['merchant-jwt-v2', true])
  const forged = signByJwt({ ...MERCHANT, secret: 'AAAA' }, { target: '/flex/v2/sessions' })
  const wrong = await inspect(emulator, forged.headers['authorization'] ?? '')
  assert.equal(wrong.verification.verified, false)
})

test('a token whose session key is spent is still verified, by the context that was seen', async (t) => {
  const emulator = await start(t)
  const made = taken(await emulator.control('POST', '/_dev/tokens', {}))
  emulator.clock.advance('2h')
  const { verification } = await inspect(emulator, made.token as string)
  assert.deepEqual([verification.verified, verification.problem], [true, null])
  assert.match(verification.expiry as string, /^expired 1 hour 45 minutes ago/)
})

test('merchants are listed with configurations to copy; only the published secret is shown', async (t) => {
  const emulator = await start(t)
  const { createAdministration } = await import('../../../src/merchant/administration.ts')
  const { store, sealer, clock } = emulator
  await createAdministration({ store, sealer, now: clock.now }).add(
    {
      id: 'shop',
      sessionKeys: 'one-time',
      tokensPerSession: undefined,
      attemptsPerSession: undefined,
    },
    { keyId: 'key-1', material: { kind: 'shared-secret', secret: Buffer.alloc(32, 7) } },
  )
  const { merchants } = taken(await emulator.control('GET', '/_dev/merchants'))
  const [bundled, shop] = merchants
  assert.deepEqual([bundled.id, bundled.credentials[0].secret], ['testmid', MERCHANT.secret])
  assert.ok(JSON.stringify(bundled.configurations).includes(emulator.url))
  assert.deepEqual([shop.id, shop.credentials[0].secret], ['shop', null])
  assert.ok(!JSON.stringify(shop).includes(Buffer.alloc(32, 7).toString('base64')))
  assert.ok(JSON.stringify(shop.configurations).includes('<your secret>'))
  taken(await emulator.control('POST', '/_dev/tokens', { merchant: 'shop' }))
})

test('requests are filtered, and the next one is waited for', async (t) => {
  const emulator = await start(t)
  const waiting = emulator.control('GET', '/_dev/requests?outcome=refused&wait=10')
  await emulator.open()
  await emulator.send({ ...signByJwt(MERCHANT, { target: '/flex/v2/sessions' }), url: '/other' })
  const { requests, last } = taken(await waiting)
  assert.deepEqual([requests.length, requests[0].code, last], [1, 'RESOURCE_NOT_FOUND', 'r2'])
  const newer = taken(await emulator.control('GET', '/_dev/requests?after=r1&limit=5'))
  assert.deepEqual(
    (newer.requests as { id: string }[]).map(({ id }) => id),
    ['r2'],
  )
  const none = taken(await emulator.control('GET', '/_dev/requests?after=r2&wait=0.05'))
  assert.deepEqual(none.requests, [])
})

/** Reads a stream of events until one has come of each name. */
async function readEvents(
  url: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, Json>> {
  const controller = new AbortController()
  const reply = await fetch(`${url}/_dev/events`, { signal: controller.signal })
  assert.match(reply.headers.get('content-type') ?? '', /^text\/event-stream/)
  const seen = new Map<string, Json>()
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of reply.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true })
    for (const [, name = '', data = ''] of text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)) {
      seen.set(name, JSON.parse(data))
    }
    if (names.every((name) => seen.has(name))) break
  }
  controller.abort()
  return seen
}

test('events tell of the state, requests, the clock, faults, pools and resets as they happen', async (t) => {
  const emulator = await start(t)
  const reading = readEvents(emulator.url, [
    'state',
    'request',
    'clock',
    'faults',
    'pools',
    'reset',
  ])
  await new Promise((resolve) => setTimeout(resolve, 100))
  await emulator.open()
  emulator.clock.freeze()
  emulator.faults.add({ kind: 'reset' })
  taken(await emulator.control('POST', '/_dev/reset', {}))
  const seen = await reading
  assert.equal(seen.get('state').url, emulator.url)
  assert.equal(seen.get('request').operation, 'generateFlexAPICaptureContext')
  assert.equal(seen.get('reset').store, false)
  assert.deepEqual(seen.get('faults'), { faults: [] })
  assert.equal(seen.get('clock').mode, 'running')
})

test('a reset restores everything, and forgets sessions and tokens only when told to', async (t) => {
  const emulator = await start(t, { sessionKeys: 'minted' })
  const { flow } = emulator
  const context = await flow.openSession()
  const { jti } = await flow.redeem(await flow.openSession())
  emulator.clock.freeze('2027-01-01T00:00:00Z')
  emulator.faults.add({ kind: 'unavailable', times: 'always' })
  const state = taken(await emulator.control('POST', '/_dev/reset', {}))
  assert.deepEqual(
    [state.clock.mode, state.faults, state.requests.count, state.warnings],
    ['running', [], 0, []],
  )
  await flow.redeem(context)
  await flow.client.getPaymentDetails(jti)
  taken(await emulator.control('POST', '/_dev/reset', { store: true }))
  await assert.rejects(flow.client.getPaymentDetails(jti), /No such transient token/)
  await assert.rejects(flow.redeem(context), /Cannot find private RSA key/)
  for (let session = 0; session < 6; session += 1) await flow.redeem(await flow.openSession())
})

test('state warns of a clock that is not the machine’s and of faults that are set', async (t) => {
  const emulator = await start(t)
  emulator.clock.freeze()
  emulator.faults.add({ kind: 'reset' })
  const { warnings } = taken(await emulator.control('GET', '/_dev/state'))
  assert.match(warnings[0] as string, /^The clock is frozen/)
  assert.match(warnings[1] as string, /^1 fault is set/)
})

test('the OpenAPI document of the emulator describes every control call beside the public routes', async (t) => {
  const emulator: Started = await start(t)
  const document = (await (await fetch(`${emulator.url}/openapi.json`)).json()) as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>
  }
  assert.ok(document.paths['/flex/v2/sessions']?.['post'])
  for (const { method, path, name } of CONTROL_ROUTES) {
    const shown = document.paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()]
    assert.equal(shown?.operationId, name)
  }
  assert.ok(document.paths['/_dev/events']?.['get'])
})

test('what control calls answer has the members that the OpenAPI document describes', async (t) => {
  const emulator = await start(t)
  await emulator.open()
  for (const { method, path, reply } of CONTROL_ROUTES) {
    if (method !== 'GET' || path.includes('kid')) continue
    const json = taken(await emulator.control('GET', path.replace(':id', 'r1')))
    const { required } = reply as { readonly required: readonly string[] }
    assert.deepEqual(Object.keys(json as object).toSorted(), required.toSorted(), path)
  }
})
