import { strict as assert } from 'node:assert'
import { test, type TestContext } from 'node:test'
import { readPart } from '../flow.ts'
import { start, taken, type Started } from './started.ts'

const FROZEN = { freeze: '2027-01-01T00:00:00Z' } as const

/** Everything that two runs are compared by. */
async function run(emulator: Started): Promise<readonly string[]> {
  const texts: string[] = []
  for (const number of ['4111111111111111', '5555555555554444', '378282246310005']) {
    const { captureContext, token } = taken(
      await emulator.control('POST', '/_dev/tokens', { number }),
    )
    texts.push(captureContext as string, token as string)
  }
  return texts
}

/** An origin is part of a context: both emulators listen where the other does not. */
function withoutOrigin(texts: readonly string[]): readonly unknown[] {
  return texts.map((text) => {
    const claims = readPart(text, 1) as { flx?: { origin: string } }
    if (claims.flx !== undefined) claims.flx.origin = ''
    return [readPart(text, 0), claims]
  })
}

async function startSeeded(t: TestContext, seed: string): Promise<Started> {
  return start(t, { seed, ...FROZEN })
}

test('the same seed, clock and requests give the same contexts and tokens, byte by byte', async (t) => {
  const first = await startSeeded(t, 'snapshots')
  const texts = await run(first)
  const { port } = new URL(first.url)
  await first.stop()
  const second = await start(t, {
    seed: 'snapshots',
    ...FROZEN,
    listen: (app) => app.listen({ host: '127.0.0.1', port: Number(port) }),
  })
  assert.deepEqual(await run(second), texts)
})

test('another seed gives other ones, and a reset with the store begins anew', async (t) => {
  const [one, other] = [await startSeeded(t, 'one'), await startSeeded(t, 'other')]
  const texts = await run(one)
  assert.notDeepEqual(withoutOrigin(await run(other)), withoutOrigin(texts))
  assert.notDeepEqual(await run(one), texts)
  await one.reset({ store: true })
  one.clock.freeze(FROZEN.freeze)
  assert.deepEqual(await run(one), texts)
})

test('what is asked of the control API, by operators or by chance changes no id', async (t) => {
  const [quiet, busy] = [await startSeeded(t, 'same'), await startSeeded(t, 'same')]
  busy.faults.add({ kind: 'latency', milliseconds: 0, probability: 0.5 })
  for (const path of ['/_dev/state', '/_dev/requests', '/healthz', '/readyz']) {
    await fetch(busy.url + path)
  }
  assert.deepEqual(withoutOrigin(await run(busy)), withoutOrigin(await run(quiet)))
})

test('more sessions than there are bundled keys have a kid each, and work', async (t) => {
  const emulator = await startSeeded(t, 'many')
  const kids = new Set<string>()
  for (let session = 0; session < 20; session += 1) {
    kids.add(taken(await emulator.control('POST', '/_dev/tokens', {})).kid as string)
  }
  assert.equal(kids.size, 20)
})
