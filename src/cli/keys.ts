import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { systemRandom } from '../clock-and-random.ts'
import type { Config } from '../config.ts'
import { OperatorError } from '../errors.ts'
import { createRootKeyFile, type RootKey } from '../keys/root-key.ts'
import { createSealingKey, loadSealer } from '../keys/sealing-keys.ts'
import { createSigningKey, loadSigningKeys } from '../keys/signing-keys.ts'
import { examples } from './examples.ts'
import { createPrinter } from './print.ts'
import { addSettings, readSettings } from './settings.ts'
import { createVaultStore, readRootKey, VAULT_SETTINGS, withVault } from './vault.ts'

interface KeysOptions {
  readonly json?: true
}

/** Makes the command `coatcheck keys`. */
export function keysCommand(): Command {
  const init = new Command('init')
    .description('Make the root key, and the first sealing and signing keys of a store.')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  coatcheck keys init --data /var/lib/coatcheck --root-key-file /etc/coatcheck/root.key',
    )
    .action((options: KeysOptions) => initKeys(options, readSettings({ ...options })))
  const list = new Command('list')
    .description('List the keys of a store.')
    .addHelpText('after', examples('coatcheck keys list', 'coatcheck keys list --json'))
    .option('--json', 'print JSON')
    .action((options: KeysOptions) => listKeys(options, readSettings({ ...options })))
  return new Command('keys')
    .description('Make and list the keys of the vault.')
    .addHelpText('after', examples('coatcheck keys init', 'coatcheck keys list'))
    .addCommand(addSettings(init, VAULT_SETTINGS))
    .addCommand(addSettings(list, VAULT_SETTINGS))
}

async function initKeys({ json }: KeysOptions, config: Config): Promise<void> {
  const printer = createPrinter(json === true)
  const store = createVaultStore(config)
  try {
    if ((await store.depth('sealing-key')).count > 0) {
      throw new OperatorError(
        `The store in ${config.data} has keys already.`,
        'Keys are never overwritten: use them, or name another folder with --data.',
      )
    }
    const rootKey = openOrCreateRootKey(config)
    await createSealingKey(store, rootKey, systemRandom)
    const sealer = await loadSealer(store, rootKey, systemRandom)
    const kid = await createSigningKey(store, sealer, systemRandom)
    const rootKeyFile = config.rootKey === undefined ? config.rootKeyFile : undefined
    printer.result(describeInit(config, kid), { data: config.data, rootKeyFile, signingKid: kid })
  } finally {
    await store.close()
  }
}

function openOrCreateRootKey(config: Config): RootKey {
  const isGiven = config.rootKey !== undefined || existsSync(config.rootKeyFile)
  return isGiven ? readRootKey(config) : createRootKeyFile(config.rootKeyFile, systemRandom.bytes)
}

function describeInit({ data, rootKey, rootKeyFile }: Config, kid: string): string {
  const source = rootKey === undefined ? rootKeyFile : 'the environment'
  return [
    `Signing key ${kid} and a sealing key are in ${data}, sealed under the root key of ${source}.`,
    'Keep a copy of the root key apart from the backups of the data: without it nothing opens.',
    'Next: coatcheck merchants add <id>',
  ].join('\n')
}

async function listKeys({ json }: KeysOptions, config: Config): Promise<void> {
  const printer = createPrinter(json === true)
  await withVault(config, async ({ store, sealer }) => {
    const signing = await loadSigningKeys(store, sealer)
    const pool = await store.depth('pool-key')
    const keys = [
      ...signing.published.map(({ kid }) => {
        const state = kid === signing.active.kid ? 'active' : 'published'
        return { kind: 'signing key', id: kid, state }
      }),
      ...(await store.list('sealing-key')).map(({ name }) => {
        const state = name === sealer.active.id ? 'active' : 'opens only'
        return { kind: 'sealing key', id: name, state }
      }),
    ]
    const rows = keys.map(({ kind, id, state }) => `${kind.padEnd(12)} ${id.padEnd(6)} ${state}`)
    const text = [...rows, `${pool.count} session keys are in the pool`].join('\n')
    printer.result(text, { keys, pooledSessionKeys: pool.count })
  })
}
