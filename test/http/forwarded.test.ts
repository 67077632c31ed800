import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startHarness } from '../harness.ts'

const FORWARDED = {
  'x-forwarded-for': '198.51.100.7, 203.0.113.9',
  'x-forwarded-host': 'evil.example',
  'x-forwarded-proto': 'https',
  forwarded: 'for=198.51.100.7',
}

/** Calls from loopback with forwarded headers; returns the address that limits are counted for. */
async function addressSeen(trustedProxies: readonly string[]): Promise<string | undefined> {
  const seen: string[] = []
  const admit = (_operation: string, { address }: { readonly address: string }): Promise<void> => {
    seen.push(address)
    return Promise.resolve()
  }
  const harness = await startHarness({ trustedProxies, limits: { admit } })
  const { service } = harness
  await service.app.inject({ url: '/.well-known/jwks.json', headers: FORWARDED })
  await harness.close()
  return seen[0]
}

test('takes the caller’s address from a configured proxy, and of several only the one that it has seen itself', async () => {
  assert.equal(await addressSeen(['127.0.0.1']), '203.0.113.9')
})

for (const [who, proxies] of [
  ['where no proxy is configured', []],
  ['from anybody but the configured proxy', ['10.0.0.2']],
] as const) {
  test(`believes no forwarded header ${who}`, async () => {
    assert.equal(await addressSeen(proxies), '127.0.0.1')
  })
}
