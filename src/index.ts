// What a program that embeds Coatcheck uses. The typed client is a package of its own, `coatcheck-client`.

export { OperatorError, ServiceError, type ErrorCode } from './errors.ts'
export { createService, type Service, type ServiceOptions } from './service.ts'
export { startMinting, type Minting } from './keys/minting.ts'
export { parseRootKey, readRootKeyFile, type RootKey } from './keys/root-key.ts'
export { loadSealer } from './keys/sealing-keys.ts'
export { Secret } from './secret.ts'
export { createMemoryStore } from './store/memory.ts'
export { openStore } from './store/open-store.ts'
export { openSqliteStore } from './store/sqlite.ts'
export type { Store } from './store/contract.ts'
export { createLogger, type Logger } from './telemetry/logger.ts'
