import { OperatorError } from '../../errors.ts'
import { durationInWords } from '../time-in-words.ts'
import type { Facts, KeyFacts } from './facts.ts'
import { note, ok, problem, warning, type Finding } from './finding.ts'

const DAY = 24 * 3600
const OLD_SECONDS: Readonly<Record<KeyFacts['kind'], number>> = {
  'signing key': 90 * DAY,
  'sealing key': 365 * DAY,
}

/** Judges whether the root key opens the store, and how old the keys in it are. */
export function checkKeys({ vault, clock }: Pick<Facts, 'vault' | 'clock'>): readonly Finding[] {
  if (vault === undefined) return []
  if (vault instanceof OperatorError) return [problem(vault.problem, vault.fix)]
  const kinds = ['signing key', 'sealing key'] as const
  return kinds.map((kind) => {
    const active = vault.keys.find((key) => key.kind === kind && key.isActive)
    return active === undefined ? missing(kind) : judgeAge(active, clock.now)
  })
}

function missing(kind: KeyFacts['kind']): Finding {
  return problem(`The store has no ${kind}.`, 'Run "coatcheck keys init", or restore a backup.')
}

function judgeAge({ kind, id, createdAt }: KeyFacts, now: number): Finding {
  const what = `The active ${kind} is ${id}`
  if (createdAt === undefined) {
    return note(
      `${what}; the store does not say how old it is.`,
      'Rotate it when nobody knows how long it has been in use.',
    )
  }
  const age = durationInWords(Math.max(0, now - createdAt))
  if (now - createdAt <= OLD_SECONDS[kind]) return ok(`${what}, ${age} old.`)
  return warning(`${what}, ${age} old.`, 'Rotate it: "coatcheck keys --help" says how.')
}
