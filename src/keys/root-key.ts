import { createSecretKey } from 'node:crypto'
import { OperatorError } from '../errors.ts'
import type { SigningToken } from '../hsm/token-signing.ts'
import type { TokenRootKey } from '../hsm/token-root-key.ts'
import type { SealingKey } from '../jose/seal.ts'
import { createFile } from './create-file.ts'
import { readPrivateFile } from './private-file.ts'

/** The length of a root key. */
export const KEY_BYTES = 32

/** The key that wraps the sealing keys, in memory or in a token. Nothing else is sealed with it. */
export type RootKey = SealingKey | TokenRootKey

/**
 * Makes a root key of its base64 text.
 *
 * @param source - where the text came from, for the message.
 * @throws OperatorError when the text is not 32 bytes of base64.
 */
export function parseRootKey(text: string, source: string): SealingKey {
  const bytes = Buffer.from(text.trim(), 'base64')
  if (bytes.length !== KEY_BYTES || bytes.toString('base64') !== text.trim()) {
    throw new OperatorError(
      `${source} does not hold a root key.`,
      'A root key is 32 bytes in base64, as "coatcheck keys init" writes it.',
    )
  }
  return toRootKey(bytes)
}

/** Makes a root key of its 32 bytes, and wipes them. */
export function toRootKey(bytes: Uint8Array): SealingKey {
  const key = createSecretKey(bytes)
  bytes.fill(0)
  return { id: 'root', key }
}

/**
 * Reads the root key's file.
 *
 * @throws OperatorError when it is missing, holds no key, or can be read by others than its owner.
 */
export function readRootKeyFile(path: string): SealingKey {
  const text = readPrivateFile(path, {
    what: 'root key file',
    fix: 'Run "coatcheck keys init" if the store is new; else name the right file with --root-key-file, or say --root-key-in shares where it is split.',
  })
  return parseRootKey(text, path)
}

/**
 * Writes a new root key into a file that must not exist yet, readable by its owner only.
 *
 * @throws OperatorError when the file is there already, as a root key is never overwritten, or cannot be written.
 */
export function createRootKeyFile(
  path: string,
  randomBytes: (count: number) => Buffer,
): SealingKey {
  const bytes = randomBytes(KEY_BYTES)
  const text = bytes.toString('base64')
  bytes.fill(0)
  createFile(path, `${text}\n`, {
    what: 'root key file',
    ifThere:
      'A key file is never overwritten: name another with --root-key-file, or use the one that is there.',
  })
  return parseRootKey(text, path)
}

/** The root key as a process holds it: it may be replaced while the process runs. */
export interface HeldRootKey {
  /** The one that wraps. */
  current(): RootKey
  /** Reads it again where it comes from; what cannot be read changes nothing. */
  renew(): void
  /** The token that holds signing keys; undefined where none is configured. */
  readonly signing: SigningToken | undefined
}

/**
 * Holds the root key of a process.
 *
 * @param read - reads it again. Default is one that never changes.
 * @param signing - the token that holds signing keys. Default is none.
 */
export function holdRootKey(
  first: RootKey,
  read: () => RootKey = () => first,
  signing?: SigningToken,
): HeldRootKey {
  let held = first
  return {
    signing,
    current: () => held,
    renew() {
      try {
        held = read()
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error
      }
    },
  }
}
