import type { Config } from '../config.ts'
import { OperatorError } from '../errors.ts'
import { createSigningToken } from '../hsm/token-signing.ts'
import { findTokenRootKey } from '../hsm/token-root-key.ts'
import { openToken, type Token } from '../hsm/token.ts'
import { readPrivateFile } from '../keys/private-file.ts'
import {
  holdRootKey,
  parseRootKey,
  readRootKeyFile,
  type HeldRootKey,
  type RootKey,
} from '../keys/root-key.ts'
import { Secret } from '../secret.ts'

/**
 * Opens what the configuration says has custody of the root key, and of signing keys.
 *
 * @param join - gets the root key where people have its shares.
 * @throws OperatorError when it is not there or does not let us in: there is never a fallback to another.
 */
export async function openRootKey(
  config: Config,
  join: () => Promise<RootKey>,
): Promise<HeldRootKey> {
  refuseTwoRootKeys(config)
  const token = await openConfiguredToken(config)
  const signing = token && createSigningToken(token, config.signingKeysIn === 'hsm')
  if (config.rootKeyIn === 'shares') return holdRootKey(await join(), undefined, signing)
  const read = chooseReader(config, token)
  return holdRootKey(read(), read, signing)
}

/** Opens the token that is configured; undefined when none is needed or named. Throws OperatorError. */
export async function openConfiguredToken(config: Config): Promise<Token | undefined> {
  const { pkcs11Module: module, pkcs11Token: token, rootKeyIn, signingKeysIn } = config
  if (module === '') {
    if (rootKeyIn !== 'hsm' && signingKeysIn !== 'hsm') return undefined
    throw new OperatorError(
      'Keys are to be in an HSM, and none is named.',
      'Set --pkcs11-module to the file of its PKCS#11 module, and --pkcs11-token to a label.',
    )
  }
  if (token !== '') return openToken({ module, token, pin: readPin(config) })
  throw new OperatorError(
    'No token of the HSM is named.',
    'Set --pkcs11-token to its label, as the tool of the HSM shows it.',
  )
}

function chooseReader(config: Config, token: Token | undefined): () => RootKey {
  if (config.rootKeyIn === 'hsm' && token !== undefined) {
    return () => findTokenRootKey(token, config.pkcs11KeyLabel)
  }
  return () => readRootKey(config)
}

/** Reads the root key, from the environment or its file. Throws OperatorError when there is none. */
function readRootKey({ rootKey, rootKeyFile }: Config): RootKey {
  if (rootKey !== undefined) return parseRootKey(rootKey.reveal(), 'COATCHECK_ROOT_KEY')
  return readRootKeyFile(rootKeyFile)
}

/** Throws OperatorError when the root key is in the environment and said to be elsewhere. */
export function refuseTwoRootKeys({ rootKey, rootKeyIn }: Config): void {
  if (rootKey === undefined || rootKeyIn === 'file') return
  throw new OperatorError(
    `The root key is in the environment, and rootKeyIn says ${rootKeyIn}.`,
    'Unset COATCHECK_ROOT_KEY, or set --root-key-in to file.',
  )
}

function readPin({ pkcs11Pin, pkcs11PinFile }: Config): Secret {
  if (pkcs11Pin !== undefined && pkcs11PinFile !== '') {
    throw new OperatorError(
      'The PIN of the token is given twice, by the environment and by a file.',
      'Unset COATCHECK_PKCS11_PIN, or leave out --pkcs11-pin-file.',
    )
  }
  if (pkcs11Pin !== undefined) return pkcs11Pin
  if (pkcs11PinFile !== '') return new Secret(readPrivateFile(pkcs11PinFile, PIN_FILE).trim())
  throw new OperatorError(
    'There is no PIN for the token.',
    'Name a file that holds it with --pkcs11-pin-file, or set COATCHECK_PKCS11_PIN.',
  )
}

const PIN_FILE = { what: 'PIN file', fix: 'Name the right file with --pkcs11-pin-file.' }
