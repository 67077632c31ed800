import type { Config } from '../../config.ts'
import type { OperatorError } from '../../errors.ts'
import type { KeyState } from '../../keys/key-life.ts'
import type { Credential, Merchant } from '../../merchant/merchant.ts'
import type { Depth } from '../../store/contract.ts'
import type { DatabaseFacts } from '../../store/database-facts.ts'
import type { SqliteFacts } from '../../store/sqlite-reader.ts'

// What was observed. Nothing here is judged: that is what the checks do. Times are seconds since the epoch.

/** A file or folder, as the file system shows it. */
export interface PathFacts {
  readonly path: string
  /** Permission bits, such as 0o600. */
  readonly mode: number
  readonly uid: number
  /** Whether the user that looks may write it. */
  readonly mayWrite: boolean
  readonly bytes: number
  readonly modifiedAt: number
}

/** A database file: what it is, or why it cannot be read. */
export type FileFacts = PathFacts & { readonly read: SqliteFacts | OperatorError }

/** The data folder and what is in it. */
export interface StoreFacts {
  /** The folder's name as it was given. */
  readonly data: string
  readonly folder: PathFacts | undefined
  readonly lasting: FileFacts | undefined
  readonly passing: FileFacts | undefined
  /** Space for this user on its file system, or on that where it would be made. */
  readonly freeBytes: number
  /** The file system's magic number. */
  readonly fileSystem: number
}

/** Where the root key comes from. */
export interface RootKeyFacts {
  /** The token and the label in it; undefined where the key is in none. */
  readonly token?: string | undefined
  readonly source: 'environment' | 'file' | 'hsm' | 'shares'
  /** Undefined when there is no file. */
  readonly file: PathFacts | undefined
  readonly path: string
  /** Whether a copy of the data folder has it too. */
  readonly isInDataFolder: boolean
}

/** How the machine's clock behaves. */
export interface ClockFacts {
  readonly now: number
  /** How far the time of day moved beside the monotonic clock while this was watched, in milliseconds. */
  readonly drift: { readonly milliseconds: number; readonly watchedMilliseconds: number }
  /** Undefined when the machine does not tell. */
  readonly isSynchronized: boolean | undefined
}

/** A long-term key in the store. */
export interface KeyFacts {
  readonly kind: 'signing key' | 'sealing key' | 'audit key'
  readonly id: string
  readonly state: KeyState
  /** Undefined of a key that was made before keys had times. */
  readonly createdAt: number | undefined
  readonly activeFrom: number
}

/** What an opened store holds. */
export interface VaultFacts {
  readonly keys: readonly KeyFacts[]
  readonly merchants: readonly Merchant[]
  readonly credentials: readonly Credential[]
  /** Key ids of live credentials that dev mode publishes. */
  readonly bundled: readonly string[]
  /** How many pooled keys are sealed by a key that the store does not have. */
  readonly lostPoolKeys: number
}

/** The depths of the pools. */
export interface PoolFacts {
  readonly oneTime: Depth
  readonly rotated: Depth
}

/** What one core does in a second of CPU time. */
export interface Speed {
  readonly mintsPerSecond: number
  readonly signsPerSecond: number
}

/** The certificate with which the vault speaks TLS itself. */
export interface TlsFacts {
  /** When the first certificate of its chain expires. */
  readonly notAfter: number
  /** Whether callers of the public origin take it for that host. */
  readonly isForOrigin: boolean
}

/** The machine, and what the user that looks may do on it. */
export interface MachineFacts {
  readonly cores: number
  /** The least port that any user may listen on. */
  readonly firstFreePort: number
  /** Whether this process may listen on lower ports all the same. */
  readonly mayBindAnyPort: boolean
}

/** What the operators' listener of a running service said. */
export type ServiceFacts = 'ready' | 'not ready' | 'silent'

/** A variable of the environment that no setting has. */
export interface UnknownVariable {
  readonly name: string
  /** The variable that was probably meant. */
  readonly nearest: string | undefined
}

/** Everything that was observed. */
export interface Facts {
  /** The fault, when the configuration could not be read. */
  readonly config: Config | OperatorError
  readonly unknownVariables: readonly UnknownVariable[]
  readonly machine: MachineFacts
  readonly clock: ClockFacts
  /** Of the embedded store; empty where another engine is configured. */
  readonly store: StoreFacts
  /** Of another engine, or why it cannot be looked at; absent for the embedded store. */
  readonly database?: DatabaseFacts | OperatorError | undefined
  readonly rootKey: RootKeyFacts
  /** Why the store does not open; undefined when there is none. */
  readonly vault: VaultFacts | OperatorError | undefined
  readonly pools: PoolFacts | undefined
  /** Why "coatcheck serve" would refuse the files; undefined when none are named, or the settings cannot be read. */
  readonly tls: TlsFacts | OperatorError | undefined
  readonly service: ServiceFacts
  /** Undefined when it was not measured. */
  readonly speed: Speed | undefined
}
