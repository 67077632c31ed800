import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { createDevClock } from '../../src/dev/clock.ts'
import { OperatorError } from '../../src/errors.ts'

const START = Date.UTC(2026, 10, 22, 9)

/** A clock over a machine whose time a test moves. */
function makeClock(): { clock: ReturnType<typeof createDevClock>; pass(seconds: number): void } {
  let machine = START
  return {
    clock: createDevClock(() => new Date(machine)),
    pass: (seconds) => {
      machine += seconds * 1000
    },
  }
}

test('a clock runs with the machine until it is told otherwise, and warns of nothing', () => {
  const { clock, pass } = makeClock()
  pass(60)
  assert.equal(clock.now().getTime(), START + 60_000)
  const { mode, warning, offsetSeconds } = clock.state()
  assert.deepEqual([mode, warning, offsetSeconds], ['running', null, 0])
})

test('a frozen clock stands still, also when it is set or advanced', () => {
  const { clock, pass } = makeClock()
  clock.freeze()
  pass(60)
  assert.equal(clock.now().getTime(), START)
  clock.advance('16m')
  pass(60)
  assert.equal(clock.now().getTime(), START + 960_000)
  clock.set('2027-01-01T00:00:00Z')
  pass(60)
  assert.equal(clock.now().toISOString(), '2027-01-01T00:00:00.000Z')
  assert.equal(clock.state().mode, 'frozen')
})

test('a clock that was set or advanced runs on from there', () => {
  const { clock, pass } = makeClock()
  clock.advance(-300)
  pass(60)
  assert.equal(clock.now().getTime(), START - 240_000)
  clock.set(1_800_000_000)
  pass(60)
  assert.equal(clock.now().getTime(), 1_800_000_060_000)
  assert.equal(clock.state().mode, 'shifted')
})

test('signatures go by the machine unless they are told to follow, until the clock is resumed', () => {
  const { clock } = makeClock()
  clock.freeze()
  clock.advance('1h')
  assert.equal(clock.signatures().getTime(), START)
  clock.followSignatures(true)
  assert.equal(clock.signatures().getTime(), START + 3_600_000)
  assert.match(clock.state().warning ?? '', /signatures are checked against it/)
  clock.resume()
  assert.equal(clock.signatures().getTime(), START)
  assert.equal(clock.state().warning, null)
})

test('the warning says how far the clock is off and how to set it right', () => {
  const { clock, pass } = makeClock()
  clock.advance('15m')
  assert.match(clock.state().warning ?? '', /^The clock is 15 minutes ahead of the machine's\./)
  clock.freeze()
  pass(25 * 3600)
  const { warning } = clock.state()
  assert.match(warning ?? '', /^The clock is frozen at 2026-11-22T09:15:00.000Z, 1 day/)
  assert.match(warning ?? '', /coatcheck clock resume/)
})

for (const by of ['', 'soon', '15', '1.5h', '1h30m', '-2d', 90]) {
  test(`${JSON.stringify(by)} is ${by === '' || by === 'soon' ? 'no' : 'a'} duration`, () => {
    const { clock } = makeClock()
    if (by === '' || by === 'soon') assert.throws(() => clock.advance(by), OperatorError)
    else clock.advance(by)
  })
}

for (const at of [
  '2027-01-01',
  '2027-01-01T00:00:00',
  'now',
  '1999-12-31T23:59:59Z',
  0,
  4_102_444_800,
  Number.NaN,
]) {
  test(`the clock cannot be set to ${at}`, () => {
    assert.throws(() => makeClock().clock.set(at), OperatorError)
  })
}

test('every change is announced', () => {
  const { clock } = makeClock()
  let changes = 0
  const end = clock.onChange(() => (changes += 1))
  clock.freeze()
  clock.advance(1)
  clock.resume()
  end()
  clock.freeze()
  assert.equal(changes, 3)
})
