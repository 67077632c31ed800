import { strict as assert } from 'node:assert'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { startCoatcheck } from 'coatcheck/testing'

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/testing.md'), 'utf8')

test('the calls of the recipe for other languages do what the page says', async () => {
  await using coatcheck = await startCoatcheck()
  const calls = PAGE.split('\n').filter((line) => line.startsWith('curl '))
  assert.equal(calls.length, 5)
  const answers: string[] = []
  for (const call of calls) {
    const env = { ...process.env, URL: coatcheck.url }
    const { stdout } = await promisify(execFile)('sh', ['-c', call], { env })
    answers.push(stdout)
  }
  const [, token = '', clock = '', fault = '', requests = ''] = answers
  assert.match(token, /"token":"eyJ/)
  assert.match(clock, /"mode":"shifted"/)
  assert.match(fault, /"left":1/)
  assert.match(requests, /"operation":"createTransientToken"/)
  assert.equal(coatcheck.faults.all().length, 1)
})
