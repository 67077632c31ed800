import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Config, SettingName } from '../config.ts'
import { systemClock, systemRandom } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import { parseRootKey, readRootKeyFile, type RootKey } from '../keys/root-key.ts'
import { loadSealer } from '../keys/sealing-keys.ts'
import type { Store } from '../store/contract.ts'
import type { Sealer } from '../store/sealed-records.ts'
import { openSqliteStore, SQLITE_FILES } from '../store/sqlite.ts'

/** The settings of every command that opens the vault. */
export const VAULT_SETTINGS: readonly SettingName[] = ['data', 'rootKeyFile']

/** A store of serve mode and the keys that open it. */
export interface Vault {
  readonly store: Store
  readonly rootKey: RootKey
  readonly sealer: Sealer
}

/** Makes the store of serve mode, or opens the one that is there. Throws OperatorError. */
export function createVaultStore({ data }: Config): Store {
  return openSqliteStore({ folder: data, mode: 'serve', now: systemClock })
}

function hasStore({ data }: Config): boolean {
  return existsSync(join(data, SQLITE_FILES.lasting))
}

/** Opens the store of serve mode. Throws OperatorError when there is none. */
export function openVaultStore(config: Config): Store {
  const { data } = config
  if (!hasStore(config)) {
    throw new OperatorError(
      `There is no store in ${data}.`,
      'Run "coatcheck keys init", or name its folder with --data.',
    )
  }
  return openSqliteStore({ folder: data, mode: 'serve', now: systemClock })
}

/** Reads the root key, from the environment or its file. Throws OperatorError when there is none. */
export function readRootKey({ rootKey, rootKeyFile }: Config): RootKey {
  if (rootKey !== undefined) return parseRootKey(rootKey.reveal(), 'COATCHECK_ROOT_KEY')
  return readRootKeyFile(rootKeyFile)
}

/** Opens store and keys, runs, and closes the store again. */
export async function withVault<T>(config: Config, run: (vault: Vault) => Promise<T>): Promise<T> {
  // A store that is there may be of dev mode: then it is to blame, not a root key that it never had.
  if (!hasStore(config)) readRootKey(config)
  const store = openVaultStore(config)
  try {
    const rootKey = readRootKey(config)
    const machine = { ...systemRandom, now: systemClock }
    return await run({ store, rootKey, sealer: await loadSealer(store, rootKey, machine) })
  } finally {
    await store.close()
  }
}
