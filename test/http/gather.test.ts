import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createGathering } from '../../src/http/gather.ts'

const FEW_TURNS = 10

/** Waits for the first turn after which somebody has gone on. */
async function untilGone(gone: readonly string[], count = 1): Promise<void> {
  for (let turns = 0; gone.length < count; turns += 1) {
    assert.ok(turns < FEW_TURNS, 'nobody waits for longer than a few turns')
    await turn()
  }
}

test('lets those that arrive in one turn and in the next go on together, in their order', async () => {
  const gather = createGathering()
  const gone: string[] = []
  const come = (name: string): void => gather(() => gone.push(name))
  come('a')
  come('b')
  await turn()
  assert.deepEqual(gone, [])
  come('c')
  await untilGone(gone)
  assert.deepEqual(gone, ['a', 'b', 'c'])
})

test('lets those that come while others go on wait for themselves', async () => {
  const gather = createGathering()
  const gone: string[] = []
  gather(() => {
    gone.push('a')
    gather(() => gone.push('b'))
  })
  await untilGone(gone)
  assert.deepEqual(gone, ['a'])
  await untilGone(gone, 2)
  assert.deepEqual(gone, ['a', 'b'])
})
