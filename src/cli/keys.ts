import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { systemClock, systemRandom } from '../clock-and-random.ts'
import type { Config } from '../config.ts'
import { OperatorError } from '../errors.ts'
import { beginLife, stateOf, type DatedKey } from '../keys/key-life.ts'
import { createRootKeyFile, type RootKey } from '../keys/root-key.ts'
import { createSealingKey, loadSealer } from '../keys/sealing-keys.ts'
import { createSigningKey } from '../keys/signing-keys.ts'
import { withKeeper } from './keeper.ts'
import { rewrapCommand } from './keys-rewrap.ts'
import { revokeCommand, rotateCommand } from './keys-rotate.ts'
import { createPrinter } from './print.ts'
import { addSettings, readSettings } from './settings.ts'
import { dateInWords } from './time-in-words.ts'
import { createVaultStore, readRootKey, VAULT_SETTINGS } from './vault.ts'

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
    .description('List the keys of a store, their states and times; gone ones too.')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  coatcheck keys list --json')
    .action((options: KeysOptions) => listKeys(options, readSettings({ ...options })))
  const command = new Command('keys').description(
    'Make, list, rotate, rewrap and revoke the keys of the vault; also while it serves.',
  )
  for (const child of [init, list]) command.addCommand(addSettings(child, VAULT_SETTINGS))
  for (const child of [rotateCommand(), rewrapCommand(), revokeCommand()]) command.addCommand(child)
  return command
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
    const making = { ...systemRandom, life: beginLife(systemClock()) }
    await createSealingKey(store, rootKey, making)
    const sealer = await loadSealer(store, rootKey, systemRandom)
    const kid = await createSigningKey(store, sealer, making)
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

const COLUMNS = [
  ['kind', 13],
  ['id', 6],
  ['state', 9],
  ['created', 25],
  ['active from', 25],
  ['gone at', 0],
] as const

async function listKeys({ json }: KeysOptions, config: Config): Promise<void> {
  const printer = createPrinter(json === true)
  await withKeeper(config, async ({ keeper, store }) => {
    const now = systemClock()
    const listed = [
      ...(await keeper.list('signing-key')).map((key) => describe('signing key', key, now)),
      ...(await keeper.list('sealing-key')).map((key) => describe('sealing key', key, now)),
    ]
    const pool = await store.depth('pool-key')
    const rows = [
      COLUMNS.map(([title]) => title),
      ...listed.map(({ kind, id, state, createdAt, activeFrom, goneAt, revokedAt }) => [
        kind,
        id,
        state,
        describeTime(createdAt),
        describeTime(activeFrom),
        (goneAt === undefined ? '' : dateInWords(goneAt)) +
          (revokedAt === undefined ? '' : ' (revoked)'),
      ]),
    ]
    const lines = rows.map((cells) =>
      cells
        .map((cell, index) => cell.padEnd(COLUMNS[index]?.[1] ?? 0))
        .join('')
        .trimEnd(),
    )
    const text = [...lines, `${pool.count} session keys are in the pool`].join('\n')
    printer.result(text, { keys: listed, pooledSessionKeys: pool.count })
  })
}

function describe(
  kind: string,
  { id, life }: DatedKey,
  now: Date,
): DatedKey['life'] & { readonly kind: string; readonly id: string; readonly state: string } {
  return { kind, id, state: stateOf(life, now), ...life }
}

/** A key that was made before keys had times has none. */
function describeTime(at: number): string {
  return at === 0 ? 'not known' : dateInWords(at)
}
