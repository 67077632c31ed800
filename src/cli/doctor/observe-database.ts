import { systemClock } from '../../clock-and-random.ts'
import type { Config } from '../../config.ts'
import { OperatorError } from '../../errors.ts'
import type { Inspected } from '../../store/database-facts.ts'
import { inspectStore } from '../../store/open-store.ts'
import { readStorePlace } from '../vault.ts'

/** Looks at the database that is configured, or says why that cannot be done; undefined for the embedded store. */
export async function observeDatabase(
  config: Config,
): Promise<Inspected | OperatorError | undefined> {
  try {
    return await inspectStore(readStorePlace(config), systemClock)
  } catch (error) {
    if (error instanceof OperatorError) return error
    throw error
  }
}
