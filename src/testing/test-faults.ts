import type { Fault } from '../dev/fault.ts'
import type { Faults } from '../dev/faults.ts'
import type { FaultRequest } from '../dev/read-fault.ts'

/**
 * The faults of the emulator: docs/dev-api.md has every kind and stage, docs/faults.md the call for every reason code. What is
 * wrong with a fault is an OperatorError that says how it would be right.
 */
export interface TestFaults {
  /** Has the next request that the fault is for, or the next `times` ones, meet it. */
  next(fault: FaultRequest): Fault
  /** Has every request that the fault is for meet it, until it is removed. */
  always(fault: Omit<FaultRequest, 'times'>): Fault
  /** Every fault, spent ones included, and how often each was met (`hits`). */
  all(): readonly Fault[]
  /** Removes one fault, or (default) all. Returns how many there were. */
  clear(id?: string): number
}

/** Makes of faults what tests see of them. */
export function createTestFaults(faults: Faults): TestFaults {
  return {
    next: (fault) => faults.add({ times: 1, ...fault }),
    always: (fault) => faults.add({ ...fault, times: 'always' }),
    all: () => faults.list(),
    clear: (id) => faults.clear(id),
  }
}
