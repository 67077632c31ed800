import { OperatorError } from '../../errors.ts'
import { POOL_SECONDS } from '../../keys/mint-order.ts'
import { durationInWords } from '../../inspect/time-in-words.ts'
import type { Facts, PoolFacts, Speed } from './facts.ts'
import { note, ok, warning, type Finding } from './finding.ts'

/** CPU time of a whole session over that of its signature, as docs/performance.md has it. */
const SESSION_OVER_SIGNATURE = 2.2

/** Judges whether the service runs, how full the pools are, and how many sessions this machine can open. */
export function checkPools(
  facts: Pick<
    Facts,
    'pools' | 'config' | 'service' | 'clock' | 'machine' | 'speed' | 'vault' | 'database'
  >,
): readonly Finding[] {
  const { pools, config } = facts
  if (pools === undefined) return []
  const target = config instanceof OperatorError ? undefined : config.poolTarget
  return [
    judgeService(facts.service),
    judgeDepth(pools, target, facts),
    ...judgeAge(pools, facts.clock.now),
    ...judgeLost(facts),
    ...judgeSpeed(facts),
  ]
}

function judgeService(service: Facts['service']): Finding {
  if (service === 'ready') return ok('A service runs on this machine and is ready.')
  if (service === 'silent') {
    return note(
      'No service answers at the operators’ address: nothing fills the pools.',
      'Start "coatcheck serve"; if it runs, give doctor the same --operator-host and --operator-port.',
    )
  }
  return warning(
    'A service runs on this machine and is not ready.',
    'Ask its /readyz, which names the cause; its log says more.',
  )
}

function judgeDepth(
  { oneTime, rotated }: PoolFacts,
  target: number | undefined,
  { service }: Pick<Facts, 'service'>,
): Finding {
  const of = target === undefined ? '' : ` of ${target}`
  const what = `The pools hold ${oneTime.count}${of} one-time keys and ${rotated.count} keys for rotation.`
  if (service === 'silent' || oneTime.count > (target ?? 0) / 4) return ok(what)
  return warning(
    what,
    'Minting does not keep up: leave a core idle, or add merchants with --session-keys rotated.',
  )
}

function judgeAge({ oneTime }: PoolFacts, now: number): readonly Finding[] {
  if (oneTime.earliestExpiry === undefined) return []
  const age = now - (oneTime.earliestExpiry - POOL_SECONDS)
  if (age >= 0) return [ok(`The oldest pooled key is ${durationInWords(age)} old.`)]
  return [
    warning(
      `A pooled key was made ${durationInWords(age)} in the future: the clock has gone back.`,
      'Set the clock right; the keys themselves are good.',
    ),
  ]
}

function judgeLost({ vault, database }: Pick<Facts, 'vault' | 'database'>): readonly Finding[] {
  if (vault === undefined || vault instanceof OperatorError || vault.lostPoolKeys === 0) return []
  const { lostPoolKeys: lost } = vault
  const ofFile =
    ' If vault.db came from elsewhere, delete it and its -wal and -shm files first, with nothing running: its open sessions are lost all the same.'
  return [
    warning(
      `${lost === 1 ? '1 pooled key does' : `${lost} pooled keys do`} not open: this store has not the sealing key.`,
      `"coatcheck serve" drops them and mints others.${database === undefined ? ofFile : ''}`,
    ),
  ]
}

function judgeSpeed({
  speed,
  config,
  machine,
  vault,
}: Pick<Facts, 'speed' | 'config' | 'machine' | 'vault'>): readonly Finding[] {
  if (speed === undefined) return []
  const workers = config instanceof OperatorError ? 0 : config.workers
  const serving = Math.min(workers || machine.cores, machine.cores)
  const merchants = vault === undefined || vault instanceof OperatorError ? [] : vault.merchants
  const using = (policy: string): string => {
    const count = merchants.filter(({ sessionKeys }) => sessionKeys === policy).length
    return `${count === 1 ? '1 merchant uses' : `${count} merchants use`} it`
  }
  return [
    note(
      `one-time: about ${perSecond(speed.mintsPerSecond)} sessions a second, as fast as one idle core mints (${using('one-time')}).`,
      'For more: coatcheck merchants add <id> --session-keys rotated; docs/performance.md says what that gives up.',
    ),
    note(
      `rotated: about ${perSecond(sustainedRotated(speed, serving))} sessions a second on ${serving === 1 ? '1 core' : `${serving} cores`}, from ${perSecond(speed.signsPerSecond)} signatures a second and core (${using('rotated')}).`,
      'An estimate for idle cores that do nothing but sessions: a token costs twice as much as a session, so plan with a third.',
    ),
  ]
}

function sustainedRotated({ signsPerSecond }: Speed, cores: number): number {
  return (signsPerSecond * cores) / SESSION_OVER_SIGNATURE
}

function perSecond(rate: number): string {
  return rate >= 100 ? String(Math.round(rate / 10) * 10) : rate.toFixed(0)
}
