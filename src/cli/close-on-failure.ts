import type { Store } from '../store/contract.ts'

/** Runs, and closes the store when that fails: left open, SQLite would leave files of its own beside the databases. */
export async function closeOnFailure<T>(store: Store, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    await store.close()
    throw error
  }
}
