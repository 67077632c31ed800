import { existsSync } from 'node:fs'
import { systemRandom } from '../clock-and-random.ts'
import type { Config } from '../config.ts'
import { OperatorError } from '../errors.ts'
import { createSigningToken } from '../hsm/token-signing.ts'
import { createTokenKey, findTokenRootKey, hasTokenRootKey } from '../hsm/token-root-key.ts'
import type { Token } from '../hsm/token.ts'
import { createRootKeyFile, holdRootKey, type HeldRootKey } from '../keys/root-key.ts'
import { makeSplitRootKey, type SplitRootKey } from '../keys/split-root-key.ts'
import { openConfiguredToken, openRootKey, refuseTwoRootKeys } from './custody.ts'
import { sharesUncounted, type ShareCounts } from './share-counts.ts'

/** The root key of a new store; with its shares, where it was split. */
export interface MadeCustody {
  readonly root: HeldRootKey
  readonly split: SplitRootKey | undefined
}

/**
 * Opens the root key of a new store; it is made where it is to be, unless it is there already, or made and split.
 *
 * @param counts - how it is split. Default is not at all.
 * @throws OperatorError.
 */
export async function makeCustody(config: Config, counts?: ShareCounts): Promise<MadeCustody> {
  if (counts === undefined) return { root: await makeWholeCustody(config), split: undefined }
  const split = await makeSplitRootKey(counts, systemRandom)
  const inShares = { ...config, rootKeyIn: 'shares' } as const
  return { root: await openRootKey(inShares, async () => split.root), split }
}

async function makeWholeCustody(config: Config): Promise<HeldRootKey> {
  refuseTwoRootKeys(config)
  const token = await openConfiguredToken(config)
  const signing = token && createSigningToken(token, config.signingKeysIn === 'hsm')
  const { rootKey, rootKeyFile, rootKeyIn, pkcs11KeyLabel } = config
  if (rootKeyIn === 'hsm' && token !== undefined) {
    return holdRootKey(openOrCreateTokenKey(token, pkcs11KeyLabel), undefined, signing)
  }
  if (rootKeyIn === 'file' && rootKey === undefined && !existsSync(rootKeyFile)) {
    const made = createRootKeyFile(rootKeyFile, systemRandom.bytes)
    return holdRootKey(made, undefined, signing)
  }
  return openRootKey(config, () => Promise.reject(sharesUncounted()))
}

/** Finds the root key of a label in a token, or makes it. Throws OperatorError. */
export function openOrCreateTokenKey(
  token: Token,
  label: string,
): ReturnType<typeof findTokenRootKey> {
  return hasTokenRootKey(token, label)
    ? findTokenRootKey(token, label)
    : createTokenKey(token, label)
}

/** Says where the root key of a configuration is. */
export function describeCustody({ rootKey, rootKeyFile, ...config }: Config): string {
  if (config.rootKeyIn === 'shares') return 'the shares'
  if (config.rootKeyIn === 'hsm') return `token ${config.pkcs11Token} (${config.pkcs11KeyLabel})`
  return rootKey === undefined ? rootKeyFile : 'the environment'
}

/** The refusal of a command that needs a token and has none. */
export function noToken(): OperatorError {
  return new OperatorError(
    'No HSM is named.',
    'Set --pkcs11-module, --pkcs11-token and the PIN, as the tool of the HSM shows them.',
  )
}
