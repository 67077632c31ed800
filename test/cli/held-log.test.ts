import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holdLog, type HeldLog } from '../../src/cli/held-log.ts'

function hold(): { readonly log: HeldLog; readonly written: string[] } {
  const written: string[] = []
  return { log: holdLog({ write: (line) => void written.push(line) }), written }
}

test('what is held back is written when it is asked for, in order, and what follows at once', () => {
  const { log, written } = hold()
  log.write('a')
  log.write('b')
  assert.deepEqual(written, [])
  log.show()
  log.write('c')
  assert.deepEqual(written, ['a', 'b', 'c'])
})

test('what is skipped is never written, and what follows is', () => {
  const { log, written } = hold()
  log.write('a')
  log.skip()
  log.write('b')
  log.show()
  assert.deepEqual(written, ['b'])
})
