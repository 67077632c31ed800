import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLateMetrics } from '../../src/dev/late-metrics.ts'

const RESPONSE = { route: '/flex/v2/sessions', method: 'POST', status: 201, milliseconds: 2 }
const KEYS = { ready: () => 3, waiting: () => 0 }

test('what was answered before metrics are first asked for is counted, and once', async () => {
  const metrics = createLateMetrics(KEYS)
  metrics.noteResponse(RESPONSE)
  const [first, second] = await Promise.all([metrics.text(), metrics.text()])
  metrics.noteResponse(RESPONSE)
  assert.match(first, /^coatcheck_http_responses_total\{.*status="201"\} 1$/m)
  assert.match(second, /^coatcheck_http_responses_total\{.*\} 1$/m)
  assert.match(second, /^coatcheck_session_keys_ready 3$/m)
  assert.match(await metrics.text(), /^coatcheck_http_responses_total\{.*\} 2$/m)
})

test('thousands of answers before metrics are asked for are each counted once', async () => {
  const metrics = createLateMetrics(KEYS)
  for (let count = 0; count < 2500; count += 1) metrics.noteResponse(RESPONSE)
  assert.match(await metrics.text(), /^coatcheck_http_responses_total\{.*\} 2500$/m)
})
