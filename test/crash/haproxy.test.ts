import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isListening } from '../cli/flow.ts'
import { NO_PROC } from '../cli/serving.ts'
import { until } from '../process.ts'
import { describeBook } from './book.ts'
import { DRAIN_MILLISECONDS, startBehind, testKillsBehind, underLoad } from './behind-proxy.ts'
import { hasProxy, HAPROXY } from './proxies.ts'
import type { Replicas } from './replicas.ts'

testKillsBehind(HAPROXY)

test(
  'behind haproxy, a replica that is told to stop is not ready first, then out, then gone: no request fails',
  { skip: NO_PROC },
  async (t) => {
    if (!hasProxy(t, HAPROXY)) return
    const set = await startBehind(t, HAPROXY)
    await underLoad(t, set, async () => {
      await sleep(500)
      await drainOne(set.replicas)
      await set.replicas.restart(0)
      await sleep(500)
    })
    const { outcomes } = set.shop.book
    assert.deepEqual(
      [...outcomes.keys()].toSorted(),
      ['RESOURCE_QUOTA_EXCEEDED', 'ok'],
      JSON.stringify([...outcomes]),
    )
    t.diagnostic(describeBook(set.shop.book))
  },
)

async function drainOne(replicas: Replicas): Promise<void> {
  const replica = replicas.get(0)
  const { ready, credentials } = replica
  const begun = performance.now()
  replica.kill('SIGTERM')
  await until(async () => (await fetch(`${ready.operatorUrl}/readyz`)).status === 503, replica)
  assert.ok(await isListening(credentials.url), 'it still accepts')
  const { code } = await replica.ended
  assert.equal(code, 0)
  assert.ok(performance.now() - begun >= DRAIN_MILLISECONDS, 'it drains first')
}
