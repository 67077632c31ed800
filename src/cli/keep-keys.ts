import type { KeyKeeper } from '../keys/keep-keys.ts'
import type { KeyKind } from '../keys/key-records.ts'
import type { KeyPolicy } from '../keys/plan.ts'
import { repeat } from '../repeat.ts'
import type { Logger } from '../telemetry/logger.ts'

const EVERY_MILLISECONDS = 10_000

interface KeepingNeeds {
  readonly keeper: Pick<KeyKeeper, 'keep'>
  readonly policies: Readonly<Record<KeyKind, KeyPolicy>>
  readonly logger: Logger
  /** Told of what fails; once, as long as it goes on. */
  onFault(error: unknown): void
}

/** Keeps the long-lived keys, at once and then every ten seconds, and logs what was done. Returns what ends that. */
export function startKeepingKeys(needs: KeepingNeeds): () => Promise<void> {
  let told: ReadonlySet<string> = new Set()

  async function keep(): Promise<void> {
    const faults = new Map<string, unknown>()
    const note = (error: unknown): void => void faults.set(String(error), error)
    for (const { kind, id, change, life } of await needs.keeper.keep(needs.policies, note)) {
      needs.logger.info('a long-lived key was kept', { kind, id, change, ...life })
    }
    for (const [text, error] of faults) if (!told.has(text)) needs.onFault(error)
    told = new Set(faults.keys())
  }

  return repeat(keep, EVERY_MILLISECONDS)
}
