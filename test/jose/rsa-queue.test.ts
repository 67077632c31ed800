import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { createRsaQueue } from '../../src/jose/rsa-queue.ts'

test('runs the operations of one turn in a row, before any of them is answered', async () => {
  const runRsa = createRsaQueue()
  const order: string[] = []
  const run = async (name: string): Promise<void> => {
    await runRsa(() => order.push(`run ${name}`))
    order.push(`answer ${name}`)
  }
  await Promise.all([run('a'), run('b'), run('c')])
  assert.deepEqual(order, ['run a', 'run b', 'run c', 'answer a', 'answer b', 'answer c'])
})

test('answers each with its own result, and one that throws harms no other', async () => {
  const runRsa = createRsaQueue()
  const failing = runRsa(() => {
    throw new RangeError('broken')
  })
  const [first, second] = await Promise.allSettled([failing, runRsa(() => 'fine')])
  assert.equal(first?.status, 'rejected')
  assert.deepEqual(second, { status: 'fulfilled', value: 'fine' })
})

test('takes operations that were queued while others ran', async () => {
  const runRsa = createRsaQueue()
  const later = await runRsa(() => runRsa(() => 'later'))
  assert.equal(later, 'later')
})
