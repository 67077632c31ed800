import { strict as assert } from 'node:assert'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { readStandardInput } from '../../src/cli/read-text.ts'

test('a terminal is told what is waited for, and a pipe is not', async (t) => {
  const said: string[] = []
  t.mock.method(process.stderr, 'write', (text: string) => said.push(text))
  const terminal = Object.assign(Readable.from(['ey.ey.x\n']), { isTTY: true })
  assert.equal(await readStandardInput('a JWT', terminal), 'ey.ey.x\n')
  assert.equal(await readStandardInput('a JWT', Readable.from(['ey.ey.y\n'])), 'ey.ey.y\n')
  assert.deepEqual(said, ['Paste a JWT, then press Enter and Ctrl-D.\n'])
})

test('an empty input is refused with what was expected', async () => {
  await assert.rejects(readStandardInput('a JWT', Readable.from([' \n'])), {
    problem: 'Standard input is empty; a JWT was expected.',
  })
})
