import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { epochSeconds, systemClock, systemRandom } from '../clock-and-random.ts'
import type { Config } from '../config.ts'
import { OperatorError } from '../errors.ts'
import type { KeyKeeper } from '../keys/keep-keys.ts'
import { createRootKeyFile, readRootKeyFile, type RootKey } from '../keys/root-key.ts'
import { makeSplitRootKey } from '../keys/split-root-key.ts'
import { openConfiguredToken } from './custody.ts'
import { noToken, openOrCreateTokenKey } from './make-custody.ts'
import type { Printer } from './print.ts'
import { sharesUncounted, type ShareCounts } from './share-counts.ts'
import { printShares, sharesInVain } from './show-shares.ts'
import type { Vault } from './vault.ts'

/** Where a root key can be moved to by a command. */
export type RewrapTarget = 'file' | 'hsm' | 'shares'

/** What rewrapping to another custody was asked for. */
export interface CustodyRewrap {
  readonly target: RewrapTarget
  readonly newRootKeyFile: string | undefined
  readonly newKeyLabel: string | undefined
  /** How the new root key is split; needed for shares. */
  readonly counts: ShareCounts | undefined
}

/** Wraps the sealing keys by a root key that is kept elsewhere than the one before. Throws OperatorError. */
export async function rewrapElsewhere(
  { keeper, rootKey }: Vault & { readonly keeper: KeyKeeper },
  { config, printer }: { readonly config: Config; readonly printer: Printer },
  asked: CustodyRewrap,
): Promise<void> {
  if (asked.target === 'shares') return rewrapToShares(keeper, printer, asked.counts)
  const { root, place, settings } = await openTarget(config, asked)
  if ('label' in root && 'label' in rootKey && root.label === rootKey.label) {
    throw new OperatorError(
      `The root key ${root.label} of the token is used already.`,
      'Name a label that is not there with --new-pkcs11-key-label: a new root key is made under it.',
    )
  }
  const rewrapped = await keeper.rewrap(root)
  const text = describeRewrap(rewrapped, place, settings)
  printer.result(text, { rewrapped, place, settings })
}

async function rewrapToShares(
  keeper: KeyKeeper,
  printer: Printer,
  counts: ShareCounts | undefined,
): Promise<void> {
  if (counts === undefined) throw sharesUncounted()
  const split = await makeSplitRootKey(counts, systemRandom)
  const settings = '--root-key-in shares'
  await printShares(printer, split, { place: 'shares', settings })
  try {
    const rewrapped = await keeper.rewrap(split.root, split.set)
    printer.note(describeRewrap(rewrapped, 'these shares', settings))
  } catch (cause) {
    throw sharesInVain('The sealing keys could not be wrapped', cause)
  }
}

function describeRewrap(rewrapped: number, place: string, settings: string): string {
  return [
    `${rewrapped} sealing key${rewrapped === 1 ? ' is' : 's are'} wrapped by the root key of ${place}.`,
    `Start serve anew with ${settings}: until then it makes no new keys. Backups made before need the old root key.`,
  ].join('\n')
}

interface Target {
  readonly root: RootKey
  readonly place: string
  readonly settings: string
}

async function openTarget(config: Config, asked: CustodyRewrap): Promise<Target> {
  if (asked.target === 'file') {
    const file = asked.newRootKeyFile ?? config.rootKeyFile
    const root = existsSync(file)
      ? readRootKeyFile(file)
      : createRootKeyFile(file, systemRandom.bytes)
    return { root, place: file, settings: `--root-key-in file --root-key-file ${file}` }
  }
  const token = await openConfiguredToken(config)
  if (token === undefined) throw noToken()
  const label = asked.newKeyLabel ?? config.pkcs11KeyLabel
  const root = openOrCreateTokenKey(token, label)
  const place = `token ${token.label} (${label})`
  return { root, place, settings: `--root-key-in hsm --pkcs11-key-label ${label}` }
}

/** Replaces every sealing key under the root key that there is: one in a token, or that nobody holds alone, did not leak. */
export async function replaceUnderSameRoot(
  { keeper }: Vault & { readonly keeper: KeyKeeper },
  printer: Printer,
): Promise<void> {
  printer.note('Replacing the sealing keys; this takes some 10 seconds.')
  const changes = await keeper.replaceSealingKeys(waitUntil)
  const deleted = changes.filter(({ change }) => change === 'erased').map(({ id }) => id)
  const text = `The root key stays; ${deleted.length} old sealing key${deleted.length === 1 ? ' is' : 's are'} deleted.`
  printer.result(text, { deleted })
}

/** Waits until a time, in seconds since the epoch. */
export async function waitUntil(at: number): Promise<void> {
  while (epochSeconds(systemClock) < at) await sleep(100)
}
