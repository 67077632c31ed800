import { strict as assert } from 'node:assert'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { test } from 'node:test'
import { joinTurns } from '../../src/telemetry/join-turns.ts'

test('the lines of a turn come in one write, in order; those that a flush wrote come once', async () => {
  const writes: string[] = []
  const joining = joinTurns({ write: (lines) => writes.push(lines) })
  joining.write('a\n')
  joining.write('b\n')
  await nextTurn()
  joining.write('c\n')
  joining.flush()
  joining.flush()
  joining.write('d\n')
  await nextTurn()
  assert.deepEqual(writes, ['a\nb\n', 'c\n', 'd\n'])
})
