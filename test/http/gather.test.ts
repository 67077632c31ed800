import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'

import { createGathering } from '../../src/http/gather.ts'

test('lets all that wait in one turn go on together, in the order in which they came', async () => {
  const gather = createGathering()
  const gone: string[] = []
  const come = (name: string): void => gather(() => gone.push(name))
  come('a')
  come('b')
  assert.deepEqual(gone, [])
  await turn()
  assert.deepEqual(gone, ['a', 'b'])
})

test('lets those that come while others go on wait for the next turn', async () => {
  const gather = createGathering()
  const gone: string[] = []
  gather(() => {
    gone.push('a')
    gather(() => gone.push('b'))
  })
  await turn()
  assert.deepEqual(gone, ['a'])
  await turn()
  assert.deepEqual(gone, ['a', 'b'])
})
