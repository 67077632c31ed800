import { strict as assert } from 'node:assert'
import type { Worker } from 'node:cluster'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { createWorkers } from '../../src/cli/workers.ts'
import { OperatorError } from '../../src/errors.ts'

test('a replacement that does not start is told as itself, and replaced', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const forked: Worker[] = []
  const told: unknown[] = []
  const workers = createWorkers(1, {
    fork() {
      const like = { id: forked.length + 1, process: { pid: 1, kill: () => true } }
      const worker = Object.assign(new EventEmitter(), like) as unknown as Worker
      forked.push(worker)
      return worker
    },
    onCrash: ({ id }, end) => void told.push({ id, ...end }),
  })
  const started = workers.start()
  forked[0]?.emit('listening', { port: 4010 })
  assert.equal(await started, 4010)
  forked[0]?.emit('exit', null, 'SIGKILL')
  t.mock.timers.tick(500)
  const failure = new OperatorError('The port is in use.', 'Name another.')
  forked[1]?.emit('message', { startFailure: { problem: failure.problem, fix: failure.fix } })
  forked[1]?.emit('exit', 1, null)
  t.mock.timers.tick(500)
  forked[2]?.emit('listening', { port: 4010 })
  assert.deepEqual(told, [
    { id: 1, code: null, signal: 'SIGKILL', failure: undefined },
    { id: 2, code: 1, signal: null, failure },
  ])
  assert.deepEqual(workers.listening(), [forked[2]])
})
