import { Command } from 'commander'
import { systemClock } from '../clock-and-random.ts'
import type { Config } from '../config.ts'
import { OperatorError } from '../errors.ts'
import { stateOf, type DatedKey } from '../keys/key-life.ts'
import { shareSetWrite, type SplitRootKey } from '../keys/split-root-key.ts'
import { examples } from './examples.ts'
import { makeFirstKeys, type FirstKeysNeeds } from './first-keys.ts'
import { withKeeper } from './keeper.ts'
import { keysCertificateCommand } from './keys-certificate.ts'
import { rewrapCommand } from './keys-rewrap.ts'
import { revokeCommand, rotateCommand } from './keys-rotate.ts'
import { unlockCommand } from './keys-unlock.ts'
import { describeCustody, makeCustody } from './make-custody.ts'
import { createPrinter, type Printer } from './print.ts'
import { addSettings, readSettings } from './settings.ts'
import {
  addShareCounts,
  readShareCounts,
  refuseOtherPlaces,
  sharesUncounted,
  type ShareCountOptions,
} from './share-counts.ts'
import { printShares, sharesInVain } from './show-shares.ts'
import { dateInWords } from '../inspect/time-in-words.ts'
import { createVaultStore, describeVaultStore, VAULT_SETTINGS } from './vault.ts'

interface KeysOptions {
  readonly json?: true
}

type InitOptions = KeysOptions & ShareCountOptions

const INIT_HELP = `
With --shares the root key is written nowhere: its shares are printed, once, for people who keep them apart. Serve and
the commands then need --root-key-in shares, and ask for as many as --threshold says.

Examples:
  coatcheck keys init --data /var/lib/coatcheck --root-key-file /etc/coatcheck/root.key
  coatcheck keys init --shares 3 --threshold 2`

/** Makes the command `coatcheck keys`. */
export function keysCommand(): Command {
  const init = new Command('init')
    .description('Make the root key, and the first sealing and signing keys of a store.')
    .option('--json', 'print JSON')
    .addHelpText('after', INIT_HELP)
    .action((options: InitOptions) => initKeys(options, readSettings({ ...options })))
  const list = new Command('list')
    .description('List the keys of a store, their states and times; gone ones too.')
    .addHelpText('after', examples('coatcheck keys list', 'coatcheck keys list --json'))
    .option('--json', 'print JSON')
    .action((options: KeysOptions) => listKeys(options, readSettings({ ...options })))
  addShareCounts(init)
  const command = new Command('keys')
    .description(
      'Make, list, rotate, rewrap and revoke the keys of the vault; also while it serves.',
    )
    .addHelpText('after', examples('coatcheck keys init', 'coatcheck keys list'))
  for (const child of [init, list]) command.addCommand(addSettings(child, VAULT_SETTINGS))
  const others = [
    rotateCommand(),
    rewrapCommand(),
    revokeCommand(),
    unlockCommand(),
    keysCertificateCommand(),
  ]
  for (const child of others) command.addCommand(child)
  return command
}

async function initKeys(options: InitOptions, config: Config): Promise<void> {
  const printer = createPrinter(options.json === true)
  const counts = readShareCounts(options)
  if (counts !== undefined) refuseOtherPlaces(config)
  else if (config.rootKeyIn === 'shares') throw sharesUncounted()
  const { place, naming } = describeVaultStore(config)
  const store = await createVaultStore(config)
  try {
    if ((await store.depth('sealing-key')).count > 0) {
      throw new OperatorError(
        `The store in ${place} has keys already.`,
        `Keys are never overwritten: use them, or name another ${naming}.`,
      )
    }
    const { root, split } = await makeCustody(config, counts)
    if (split !== undefined) return await initSplit({ store, root, place }, split, printer)
    const kid = await makeFirstKeys({ store, root, place })
    const isInFile = config.rootKey === undefined && config.rootKeyIn === 'file'
    const rootKeyFile = isInFile ? config.rootKeyFile : undefined
    printer.result(describeInit(config, place, kid), { data: place, signingKid: kid, rootKeyFile })
  } finally {
    await store.close()
  }
}

async function initSplit(
  needs: Pick<FirstKeysNeeds, 'store' | 'root' | 'place'>,
  split: SplitRootKey,
  printer: Printer,
): Promise<void> {
  const { place: data } = needs
  let isAnnounced = false
  const announce = async (signingKid: string): Promise<void> => {
    await printShares(printer, split, { data, signingKid })
    isAnnounced = true
  }
  try {
    const kid = await makeFirstKeys({ ...needs, further: [shareSetWrite(split.set)], announce })
    printer.note(describeSplitInit(data, kid))
  } catch (error) {
    throw isAnnounced ? sharesInVain('The keys could not be stored', error) : error
  }
}

function describeInit(config: Config, place: string, kid: string): string {
  const source = describeCustody(config)
  return [
    `Signing key ${kid} and a sealing key are in ${place}, sealed under the root key of ${source}.`,
    config.rootKeyIn === 'hsm'
      ? 'Back the token up by the tool of the HSM: without the root key in it nothing opens.'
      : 'Keep a copy of the root key apart from the backups of the data: without it nothing opens.',
    'Next: coatcheck merchants add <id>',
  ].join('\n')
}

function describeSplitInit(place: string, kid: string): string {
  return [
    `Signing key ${kid} and a sealing key are in ${place}, sealed under the root key of these shares.`,
    'Next, with --root-key-in shares: coatcheck merchants add <id>',
  ].join('\n')
}

const TITLES = ['kind', 'id', 'state', 'created', 'active from', 'gone at'] as const

/** A key as it is listed; those of message-level encryption have no times of their own. */
type ListedKey = Partial<DatedKey['life']> & {
  readonly kind: string
  readonly id: string
  readonly state: string
}

async function listKeys({ json }: KeysOptions, config: Config): Promise<void> {
  const printer = createPrinter(json === true)
  await withKeeper(config, async ({ keeper, store }) => {
    const now = systemClock()
    const listed: readonly ListedKey[] = [
      ...(await keeper.list('signing-key')).map((key) => describe('signing key', key, now)),
      ...(await keeper.list('sealing-key')).map((key) => describe('sealing key', key, now)),
      ...(await keeper.list('audit-key')).map((key) => describe('audit key', key, now)),
      ...(await store.list('mle-key')).map(({ name }, index, { length }) => {
        const state = index === length - 1 ? 'active' : 'decrypts only'
        return { kind: 'MLE key', id: name, state }
      }),
    ]
    const pool = await store.depth('pool-key')
    const lines = alignRows([TITLES, ...listed.map(rowOf)])
    const text = [...lines, `${pool.count} session keys are in the pool`].join('\n')
    printer.result(text, { keys: listed, pooledSessionKeys: pool.count })
  })
}

function describe(kind: string, { id, life }: DatedKey, now: Date): ListedKey {
  const state = stateOf(life, now)
  // The public half of an audit key stays.
  const shown = kind === 'audit key' && state === 'gone' ? 'verifies only' : state
  return { kind, id, state: shown, ...life }
}

function rowOf(key: ListedKey): readonly string[] {
  const { kind, id, state, createdAt, activeFrom, goneAt, revokedAt } = key
  const end = goneAt === undefined ? '' : dateInWords(goneAt)
  const cells = [kind, id, state, describeTime(createdAt), describeTime(activeFrom), end]
  return revokedAt === undefined ? cells : [...cells.slice(0, -1), `${end} (revoked)`]
}

/** A key that was made before keys had times has none. */
function describeTime(at: number | undefined): string {
  if (at === undefined) return ''
  return at === 0 ? 'not known' : dateInWords(at)
}

function alignRows(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = TITLES.map((_title, index) =>
    Math.max(...rows.map((cells) => (cells[index] ?? '').length)),
  )
  return rows.map((cells) =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
