// What a program that embeds Coatcheck uses. The typed client is a package of its own, `coatcheck-client`.

export { OperatorError, ServiceError, type ErrorCode } from './errors.ts'
export { createService, type Service, type ServiceOptions } from './service.ts'
export { startMinting, type Minting } from './keys/minting.ts'
export { holdRootKey, parseRootKey, readRootKeyFile, type RootKey } from './keys/root-key.ts'
export { openLiveKeys, type LiveKeys } from './keys/live-keys.ts'
export { createKeyKeeper, type KeyKeeper } from './keys/keep-keys.ts'
export { loadSealer } from './keys/sealing-keys.ts'
export { createMemoryStore } from './store/memory.ts'
export { openSqliteStore } from './store/sqlite.ts'
export type { Store } from './store/contract.ts'
export { createLogger, type Logger } from './telemetry/logger.ts'
