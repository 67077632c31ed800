import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { parseShare } from '../../src/keys/root-key-share.ts'
import { joinShares } from '../../src/keys/split-root-key.ts'
import { run, type Ended, type Scope } from '../process.ts'
import { makeVault, type MadeVault } from '../vault.ts'

/** Says that the root key is split. */
export const IN_SHARES = ['--root-key-in', 'shares'] as const

/** A vault whose root key was split into three shares of which two are needed, and is in no file any more. */
export interface SplitVault extends MadeVault {
  readonly shares: readonly [string, string, string]
}

/** Makes a vault as {@link makeVault} does, and splits its root key. */
export async function makeSplitVault(
  t: Scope,
  pooledKeys: number,
  address?: string,
): Promise<SplitVault> {
  const vault = await makeVault(pooledKeys, {}, address)
  const shares = await rewrapToShares(t, vault, { args: ['--root-key-file', vault.rootKeyFile] })
  rmSync(vault.rootKeyFile)
  return { ...vault, shares }
}

/** Splits the root key of a vault anew. It is found by the arguments, and by the shares that are piped in. */
export async function rewrapToShares(
  t: Scope,
  { data, store }: MadeVault,
  old: { readonly args: readonly string[]; readonly shares?: readonly string[] },
): Promise<readonly [string, string, string]> {
  const counts = ['--to', 'shares', '--shares', '3', '--threshold', '2']
  const args = [
    'keys',
    'rewrap',
    ...counts,
    '--data',
    data,
    '--store',
    store,
    ...old.args,
    '--json',
  ]
  const { code, stdout, stderr } = await run(t, args, { input: (old.shares ?? []).join('\n') })
  assert.deepEqual([code, stderr], [0, ''])
  const printed = JSON.parse(stdout) as { readonly shares: [string, string, string] }
  assert.equal(printed.shares.length, 3)
  return printed.shares
}

/** Runs a command on a split vault; the shares are piped in, a line each. */
export function withShares(
  t: Scope,
  { data, shares }: Pick<SplitVault, 'data'> & { readonly shares: readonly string[] },
  ...args: readonly string[]
): Promise<Ended> {
  const input = shares.map((share) => `${share}\n`).join('')
  return run(t, [...args, '--data', data, ...IN_SHARES], { input })
}

/** Asserts that a command did what it was to do, without a remark, and returns its result. */
export async function succeed(running: Promise<Ended>): Promise<string> {
  const { code, stdout, stderr } = await running
  assert.deepEqual([code, stderr], [0, ''])
  return stdout
}

/** Asserts that a command was refused, and returns why. */
export async function refuse(running: Promise<Ended>): Promise<string> {
  const { code, stdout, stderr } = await running
  assert.deepEqual([code, stdout], [1, ''])
  return stderr
}

/** Gives a share to the `serve` of a vault. */
export function unlock(t: Scope, { data }: MadeVault, share: string): Promise<Ended> {
  return run(t, ['keys', 'unlock', '--data', data], { input: `${share}\n` })
}

/** Everything that would give the root key, or a part of it, away. */
export async function secretsOf({ shares }: SplitVault): Promise<readonly Buffer[]> {
  const root = await joinShares(shares.slice(0, 2).map(parseShare))
  assert.ok(root)
  const bytes = [root.key.export(), ...shares.map((share) => parseShare(share).key.export())]
  const texts = (['hex', 'base64', 'base64url'] as const).flatMap((encoding) =>
    bytes.map((each) => Buffer.from(each.toString(encoding).slice(0, 40))),
  )
  return [...bytes, ...texts]
}

/** Asserts that no secret is in some bytes. */
export function assertHidden(
  place: string,
  content: Buffer | string,
  secrets: readonly Buffer[],
): void {
  const bytes = Buffer.from(content)
  assert.ok(!secrets.some((secret) => bytes.includes(secret)), `${place} holds a secret`)
}
