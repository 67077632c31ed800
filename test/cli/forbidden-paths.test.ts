import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeFolder, run, type Ended } from '../process.ts'
import { makeVault, serveArgs } from '../vault.ts'
import { CANNOT_BIND_ROOT, runBound } from './bound-by-modes.ts'

/** Asserts that a command was refused for this reason, and sends nobody to make new keys. */
function refusedFor(reason: RegExp, { code, stdout, stderr }: Ended): void {
  assert.equal(code, 1, stderr)
  assert.equal(stdout, '')
  assert.match(stderr, /^coatcheck: [^\n]+\.\n {2}[^\n]+\.\n$/)
  assert.match(stderr, reason)
  assert.doesNotMatch(stderr, /There is no store|keys init|never overwritten/)
}

test('what a user may not read is not taken for absent', { skip: CANNOT_BIND_ROOT }, async (t) => {
  const vault = await makeVault(0)
  const locked = await makeVault(0)
  chmodSync(locked.data, 0)
  t.after(() => chmodSync(locked.data, 0o700))
  const { data } = vault
  const denied = /cannot be looked at: permission denied\.\n {2}Let this user enter the folder/
  refusedFor(denied, await runBound(t, serveArgs({ ...vault, data: locked.data })))
  refusedFor(denied, await runBound(t, ['keys', 'list', '--data', locked.data]))
  const init = ['keys', 'init', '--data', join(makeFolder(), 'data')]
  const key = ['--root-key-file', join(locked.data, 'root.key')]
  refusedFor(
    /root\.key cannot be written: permission denied\./,
    await runBound(t, [...init, ...key]),
  )
  chmodSync(vault.rootKeyFile, 0)
  const unread = ['keys', 'list', '--data', data, '--root-key-file', vault.rootKeyFile]
  refusedFor(/root\.key cannot be read: permission denied\./, await runBound(t, unread))
})

test('a file in the place of the data folder, and a folder in that of the root key, are told as what they are', async (t) => {
  const { data } = await makeVault(0)
  const notes = join(makeFolder(), 'notes')
  writeFileSync(notes, 'notes')
  refusedFor(/looked at: not a directory\./, await run(t, ['keys', 'list', '--data', notes]))
  const folder = join(makeFolder(), 'root.key')
  mkdirSync(folder)
  const args = ['keys', 'list', '--data', data, '--root-key-file', folder]
  refusedFor(/root\.key cannot be read: illegal operation on a directory\./, await run(t, args))
})
