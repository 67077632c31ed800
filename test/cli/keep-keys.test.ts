import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { startKeepingKeys } from '../../src/cli/keep-keys.ts'
import { POLICIES } from '../keys/kept.ts'

test('what goes on failing is told once, and again when it fails anew', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const failing = [['a'], ['a', 'b'], [], ['a']]
  const told: string[] = []
  const stop = startKeepingKeys({
    keeper: {
      keep: async (_policies, onFault) => {
        for (const text of failing.shift() ?? []) onFault(text)
        return []
      },
    },
    policies: POLICIES,
    logger: { info() {}, warn() {}, error() {} },
    onFault: (error) => void told.push(String(error)),
  })
  while (failing.length > 0) {
    await new Promise((resolve) => setImmediate(resolve))
    t.mock.timers.tick(10_000)
  }
  await stop()
  assert.deepEqual(told, ['a', 'b', 'a'])
})
