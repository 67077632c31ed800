// What tests use, published as `coatcheck/testing`. This is the only file of the folder that re-exports.

export { startCoatcheck, type Coatcheck, type CoatcheckOptions } from './start-coatcheck.ts'
export type { TestClock } from './test-clock.ts'
export type { TestFaults } from './test-faults.ts'
export {
  RequestTimeoutError,
  type RequestMatch,
  type TestRequests,
  type WaitOptions,
} from './test-requests.ts'
export type { NewTestMerchant, TestMerchant, TestMerchantSettings } from './test-merchants.ts'
export type { CreateTestTokenOptions } from './create-test-token.ts'
export type { TokenInput } from './token-input.ts'
export type { ClockState, TimeInput } from '../dev/clock.ts'
export type { Fault, FaultKind, FaultMatch, Stage } from '../dev/fault.ts'
export type { FaultRequest } from '../dev/read-fault.ts'
export type { RequestRecord } from '../dev/record.ts'
export { FlexError } from '../client/flex-error.ts'
export { OperatorError } from '../errors.ts'
