import { distanceInWords } from '../../inspect/time-in-words.ts'
import type { Facts } from './facts.ts'
import { note, ok, problem, warning, type Finding } from './finding.ts'

/** The first second of 2025: no clock that was ever set shows an earlier one. */
const FIRST_PLAUSIBLE = 1_735_689_600
const TOLERATED_SECONDS = 5
const TOLERATED_DRIFT_MILLISECONDS = 100

/** Judges the machine's clock: merchants sign with theirs, and every expiry is decided by it. */
export function checkClock({
  clock,
  store,
  rootKey,
}: Pick<Facts, 'clock' | 'store' | 'rootKey'>): readonly Finding[] {
  const { now } = clock
  if (now < FIRST_PLAUSIBLE) {
    return [problem('The clock of this machine is not set.', 'Set it, and keep it by NTP.')]
  }
  const files = [store.lasting, store.passing, rootKey.file].filter((file) => file !== undefined)
  const ahead = files.filter(({ modifiedAt }) => modifiedAt > now + TOLERATED_SECONDS)
  const future = ahead.map(({ path, modifiedAt }) =>
    problem(
      `${path} was written ${distanceInWords(modifiedAt, now)}: the clock has gone back since, or differs from that of the file system.`,
      'Set the clock right before serving: keys and sessions live too long by a slow one.',
    ),
  )
  const past = files.length > 0 ? [ok('No file of the vault was written in the future.')] : []
  return [
    ...(future.length > 0 ? future : past),
    judgeDrift(clock.drift),
    judgeSynchronization(clock.isSynchronized),
  ]
}

function judgeDrift({ milliseconds, watchedMilliseconds }: Facts['clock']['drift']): Finding {
  const watched = `${Math.max(1, Math.round(watchedMilliseconds))} ms`
  if (Math.abs(milliseconds) <= TOLERATED_DRIFT_MILLISECONDS) {
    return ok(`The time of day went as fast as the monotonic clock for ${watched}.`)
  }
  return warning(
    `The time of day jumped by ${Math.round(milliseconds)} ms within ${watched}.`,
    'Let NTP slew the clock, not step it; look for two programs that both set it.',
  )
}

function judgeSynchronization(isSynchronized: boolean | undefined): Finding {
  if (isSynchronized === undefined) {
    return note(
      'This machine does not tell whether its clock is kept by NTP.',
      'See to it that it is: a merchant whose clock is 5 minutes off is refused.',
    )
  }
  return isSynchronized
    ? ok('The clock is kept by NTP.')
    : warning(
        'The clock is not kept by NTP.',
        'Run "timedatectl set-ntp true", or whatever keeps the time on this machine.',
      )
}
