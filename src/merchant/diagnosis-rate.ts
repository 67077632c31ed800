import { epochSeconds, type Now } from '../clock-and-random.ts'

/** How many refusals of one key id a process looks into in one second: each costs some 90 MACs, or a body written anew. */
export const DIAGNOSES_A_SECOND = 50

/** What is said instead of a mistake that was not looked for. */
export const NOT_LOOKED_FOR = `Not looked for: more than ${DIAGNOSES_A_SECOND} refusals of this key id came in one second.`

/** Tells whether one more wrong signature or digest of a key id, which somebody has, may be looked into. */
export type MayDiagnose = (keyId: string) => boolean

/** What looking for mistakes needs. */
export interface DiagnosisNeeds {
  /** See {@link createDiagnosisRate}. */
  readonly mayDiagnose: MayDiagnose
}

/** Makes the count of one process. It keeps nothing beyond the second. */
export function createDiagnosisRate(now: Now): MayDiagnose {
  let second = 0
  const counts = new Map<string, number>()
  return function mayDiagnose(keyId: string): boolean {
    const current = epochSeconds(now)
    if (current !== second) counts.clear()
    second = current
    const count = (counts.get(keyId) ?? 0) + 1
    counts.set(keyId, count)
    return count <= DIAGNOSES_A_SECOND
  }
}
