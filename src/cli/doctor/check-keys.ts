import type { Config } from '../../config.ts'
import { OperatorError } from '../../errors.ts'
import { dateInWords, durationInWords } from '../../inspect/time-in-words.ts'
import type { Facts, KeyFacts } from './facts.ts'
import { note, ok, problem, warning, type Finding } from './finding.ts'

const DAY = 24 * 3600

const KINDS = [
  { kind: 'signing key', name: 'signing', days: 'rotateSigningDays' },
  { kind: 'sealing key', name: 'sealing', days: 'rotateSealingDays' },
  { kind: 'audit key', name: 'audit', days: 'rotateAuditDays' },
] as const

/** Judges whether the root key opens the store, and whether the keys in it are replaced as they should. */
export function checkKeys({
  vault,
  clock,
  config,
}: Pick<Facts, 'vault' | 'clock' | 'config'>): readonly Finding[] {
  if (vault === undefined) return []
  if (vault instanceof OperatorError) return [problem(vault.problem, vault.fix)]
  const settings = config instanceof OperatorError ? undefined : config
  return KINDS.map((judged) => {
    const keys = vault.keys.filter(({ kind }) => kind === judged.kind)
    return judgeKeys(judged, keys, { now: clock.now, settings })
  })
}

interface Circumstances {
  readonly now: number
  /** Undefined when they could not be read. */
  readonly settings: Config | undefined
}

function judgeKeys(
  { kind, name, days }: (typeof KINDS)[number],
  keys: readonly KeyFacts[],
  { now, settings }: Circumstances,
): Finding {
  const active = keys.findLast(({ state }) => state === 'active')
  if (keys.length === 0 && kind === 'audit key') {
    return note('The store has no audit key yet.', 'Nothing to do: "coatcheck serve" makes it.')
  }
  if (active === undefined) {
    return problem(`The store has no ${kind}.`, 'Run "coatcheck keys init", or restore a backup.')
  }
  const staged = keys.find(({ state }) => state === 'staged')
  const what = `The active ${kind} is ${active.id}`
  if (staged !== undefined) {
    return ok(`${what}; ${staged.id} takes over on ${dateInWords(staged.activeFrom)}.`)
  }
  if (active.createdAt === undefined) {
    return note(
      `${what}; the store does not say how old it is.`,
      `Nothing to do: "coatcheck serve" replaces it, as does "coatcheck keys rotate ${name}".`,
    )
  }
  const seconds = Math.max(0, now - active.createdAt)
  const age = `${what}, ${durationInWords(seconds)} old`
  // The next one is made in time; a stage lasts a day at most.
  if (settings === undefined || seconds <= (settings[days] + 1) * DAY) return ok(`${age}.`)
  return warning(
    `${age}, and is to be replaced after ${settings[days]} days.`,
    `Run "coatcheck keys rotate ${name}"; "coatcheck serve" does it by itself, and its log says why it did not.`,
  )
}
