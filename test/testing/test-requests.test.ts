import { strict as assert } from 'node:assert'
import { after, before, beforeEach, test } from 'node:test'
import { RequestTimeoutError, startCoatcheck, type Coatcheck } from 'coatcheck/testing'

let coatcheck: Coatcheck
before(async () => {
  coatcheck = await startCoatcheck()
})
beforeEach(() => coatcheck.reset())
after(() => coatcheck.stop())

test('the next request is the next one that fits, by members or by a function', async () => {
  const { requests } = coatcheck
  await coatcheck.createToken()
  const waiting = [
    requests.next(),
    requests.next({ operation: 'createTransientToken' }),
    requests.next(({ path }) => path.endsWith('/tokens')),
    requests.next({ after: 'r0' }),
  ]
  await coatcheck.createToken()
  const [any, token, byFunction, seen] = await Promise.all(waiting)
  const all = requests.all()
  assert.deepEqual(
    [any, token, byFunction, seen].map((request) => all.findIndex(({ id }) => id === request?.id)),
    [2, 3, 3, 0],
  )
})

test('requests are listed oldest first, and tell what was sent, masked, and what was answered', async () => {
  const token = await coatcheck.createToken()
  const { requests } = coatcheck
  assert.deepEqual(
    requests.all().map(({ path, status }) => [path, status]),
    [
      ['/flex/v2/sessions', 201],
      ['/flex/v2/tokens', 201],
    ],
  )
  assert.equal(requests.last({ status: 201 })?.reply?.body.text, token)
  assert.equal(
    requests.last(({ method }) => method === 'GET'),
    undefined,
  )
  const [opened] = requests.all({ path: '/flex/v2/sessions' })
  assert.match(opened?.request.body.text ?? '', /"number":\{\}/)
})

test('a request that does not come is an error that names those that came', async () => {
  const waiting = coatcheck.requests.next({ method: 'DELETE' }, { timeoutMilliseconds: 300 })
  const judged = assert.rejects(waiting, (error) => {
    assert.ok(error instanceof RequestTimeoutError)
    assert.deepEqual(error.others, ['POST /flex/v2/sessions 201', 'POST /flex/v2/tokens 201'])
    return true
  })
  await coatcheck.createToken()
  await judged
})

test('waiting ends when the emulator is stopped', async () => {
  const another = await startCoatcheck()
  const judged = assert.rejects(another.requests.next(), RequestTimeoutError)
  await another.stop()
  await judged
})
