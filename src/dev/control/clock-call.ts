import { OperatorError } from '../../errors.ts'
import { readDuration, readTime } from '../duration.ts'
import type { DevClock, ClockState } from '../clock.ts'
import { readBoolean, type ControlCall } from './call.ts'

type Act = (clock: DevClock, call: ControlCall) => void

const ACTIONS: Readonly<Record<string, Act>> = {
  freeze: (clock, call) => {
    const at = call.body['at']
    clock.freeze(at === undefined ? undefined : needTime(at))
  },
  set: (clock, { body }) => clock.set(needTime(body['at'])),
  advance: (clock, { body }) => clock.advance(needDuration(body['by'])),
  resume: (clock) => clock.resume(),
}

/**
 * Changes the clock as a call wants it.
 *
 * @throws OperatorError that says what is wrong with the call.
 */
export function changeClock(clock: DevClock, call: ControlCall): ClockState {
  const { action } = call.body
  const known = Object.keys(ACTIONS).join(', ')
  const act = known.split(', ').find((name) => name === action)
  if (act === undefined) {
    throw new OperatorError('"action" is not one that is known.', `Known are: ${known}.`)
  }
  const follow = readBoolean(call, 'signaturesFollow')
  ACTIONS[act]?.(clock, call)
  if (follow !== undefined) clock.followSignatures(follow)
  return clock.state()
}

function needTime(given: unknown): Date {
  const time = readTime(given)
  if (time !== undefined) return time
  throw new OperatorError(
    '"at" is not a time that the clock can be set to.',
    'It must be ISO 8601 with a zone, such as 2027-01-01T00:00:00Z, or seconds since the epoch; from the year 2000 to 2099.',
  )
}

function needDuration(given: unknown): number {
  const seconds = readDuration(given)
  if (seconds !== undefined) return seconds
  throw new OperatorError(
    '"by" is not a duration.',
    'It must be such as 90s, 15m, 1h30m or -2d, or a number of seconds.',
  )
}
