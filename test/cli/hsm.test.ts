import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { FlexError } from '../../src/client/index.ts'
import { makeSoftHsm, type SoftHsm } from '../hsm/soft-hsm.ts'
import { launchUntilReady, makeFolder, run, until, type Ended } from '../process.ts'
import { ORIGIN } from '../vault.ts'
import { createFlow, type Credentials } from './flow.ts'
import type { Ready } from './serving.ts'

type Keys = (...args: readonly string[]) => Promise<Ended>

/** Runs `coatcheck keys` on the data folder of one test. */
function keysOf(t: TestContext, { environment, flags }: SoftHsm): Keys & { folder: string } {
  const folder = makeFolder()
  const keys = (...args: readonly string[]): Promise<Ended> =>
    run(t, ['keys', ...args, ...flags], { folder, environment })
  return Object.assign(keys, { folder })
}

const IN_HSM = ['--root-key-in', 'hsm'] as const

async function succeed(running: Promise<Ended>): Promise<string> {
  const { code, stdout, stderr } = await running
  assert.deepEqual([code, stderr], [0, ''])
  return stdout
}

async function refuse(running: Promise<Ended>): Promise<string> {
  const { code, stdout, stderr } = await running
  assert.deepEqual([code, stdout], [1, ''])
  return stderr
}

test('keys init makes the root key in the token, and no file holds one', async (t) => {
  const hsm = makeSoftHsm(t)
  if (hsm === undefined) return
  const keys = keysOf(t, hsm)
  const made = await succeed(keys('init', ...IN_HSM))
  assert.match(made, /sealed under the root key of token vault \(coatcheck-root\)/)
  assert.equal(existsSync(join(keys.folder, 'coatcheck-root.key')), false)
  assert.match(await succeed(keys('list', ...IN_HSM)), /^signing key .* active/m)
  const other = await refuse(keys('list', ...IN_HSM, '--pkcs11-key-label', 'other'))
  assert.match(other, /^coatcheck: The token vault has no root key other\.\n/)
  assert.match(await refuse(keys('list')), /The root key file .* cannot be read/)
})

test('the root key moves from a file into the token and back', async (t) => {
  const hsm = makeSoftHsm(t)
  if (hsm === undefined) return
  const keys = keysOf(t, hsm)
  await succeed(keys('init'))
  const moved = await succeed(keys('rewrap', '--to', 'hsm'))
  assert.match(moved, /^1 sealing key is wrapped by the root key of token vault/)
  assert.match(await refuse(keys('list')), /The root key does not open this store/)
  assert.match(await succeed(keys('list', ...IN_HSM)), /sealing key/)
  const again = await refuse(keys('rewrap', ...IN_HSM))
  assert.match(again, /The root key coatcheck-root of the token is used already/)
  await succeed(keys('rewrap', ...IN_HSM, '--new-pkcs11-key-label', 'second'))
  const wrong = await refuse(keys('list', ...IN_HSM))
  assert.match(wrong, /The root key does not open this store/)
  const second = [...IN_HSM, '--pkcs11-key-label', 'second']
  await succeed(keys('rewrap', ...second, '--to', 'file', '--new-root-key-file', 'back.key'))
  assert.match(await succeed(keys('list', '--root-key-file', 'back.key')), /sealing key/)
})

test('a signing key that is made in the token is published and replaced like any other', async (t) => {
  const hsm = makeSoftHsm(t)
  if (hsm === undefined) return
  const keys = keysOf(t, hsm)
  const inHsm = [...IN_HSM, '--signing-keys-in', 'hsm']
  await succeed(keys('init', ...inHsm))
  await succeed(keys('rotate', 'signing', ...inHsm, '--key-stage-seconds', '5'))
  const listed = await succeed(keys('list', ...IN_HSM))
  assert.match(listed, /staged/)
})

test('an HSM that does not let us in is refused in one sentence', async (t) => {
  const hsm = makeSoftHsm(t)
  if (hsm === undefined) return
  const keys = keysOf(t, hsm)
  await succeed(keys('init', ...IN_HSM))
  const wrong = join(keys.folder, 'wrong')
  writeFileSync(wrong, '9999', { mode: 0o600 })
  const open = join(keys.folder, 'open')
  writeFileSync(open, readFileSync(hsm.flags.at(-1) ?? ''), { mode: 0o644 })
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['--pkcs11-module', '/not/there.so', /^coatcheck: The PKCS#11 module \/not\/there\.so cannot/],
    ['--pkcs11-token', 'other', /^coatcheck: The HSM has no token other\.\n.*there is: vault/],
    ['--pkcs11-pin-file', wrong, /^coatcheck: The PIN of the token vault is wrong; it was tried o/],
    ['--pkcs11-pin-file', open, /^coatcheck: The PIN file .* can be read by others\.\n/],
    ['--pkcs11-pin-file', '', /^coatcheck: There is no PIN for the token\.\n/],
  ]
  for (const [flag, value, says] of cases) {
    assert.match(await refuse(keysWith(t, hsm, { folder: keys.folder, flag, value })), says)
  }
  hsm.pull()
  assert.match(await refuse(keys('list', ...IN_HSM)), /^coatcheck: The HSM does not answer/)
})

function keysWith(
  t: TestContext,
  { flags, environment }: SoftHsm,
  { folder, flag, value }: Readonly<Record<'folder' | 'flag' | 'value', string>>,
): Promise<Ended> {
  const changed = flags.map((given, index) => (flags[index - 1] === flag ? value : given))
  return run(t, ['keys', 'list', ...IN_HSM, ...changed], { folder, environment })
}

test('serve signs in the token, answers 503 while it is gone, and goes on when it is back', async (t) => {
  const hsm = makeSoftHsm(t)
  if (hsm === undefined) return
  const keys = keysOf(t, hsm)
  const where = [...hsm.flags, ...IN_HSM, '--signing-keys-in', 'hsm']
  const start = { folder: keys.folder, environment: hsm.environment }
  await succeed(keys('init', ...IN_HSM, '--signing-keys-in', 'hsm'))
  const added = await run(t, ['merchants', 'add', 'shop-1', '--json', ...where], start)
  const merchant = JSON.parse(added.stdout) as Omit<Credentials, 'url'>
  const ports = ['--port', '0', '--operator-port', '0', '--workers', '2']
  const pools = ['--pool-target', '8', '--rotated-pool-target', '1']
  const waits = ['--key-wait-milliseconds', '30000']
  const args = ['serve', '--origin', ORIGIN, ...ports, ...pools, ...waits, ...where]
  const running = await launchUntilReady(t, args, start)
  const { port } = running.ready as Ready
  const flow = createFlow({ ...merchant, url: `http://127.0.0.1:${port}` }, { origin: ORIGIN })
  const { jti } = await flow.redeem(await flow.openSession())
  assert.ok(jti)
  await Promise.all(Array.from({ length: 6 }, () => flow.openSession()))
  hsm.pull()
  await assert.rejects(flow.openSession(), (error) => {
    assert.ok(error instanceof FlexError)
    assert.deepEqual([error.status, error.reason], [503, 'SERVICE_UNAVAILABLE'])
    return true
  })
  hsm.plugIn()
  const isBack = async (): Promise<boolean> => {
    const opened = await Promise.allSettled([flow.openSession(), flow.openSession()])
    return opened.every(({ status }) => status === 'fulfilled')
  }
  await until(isBack, running)
})

test('sealing keys that leaked are replaced under the root key that stays in the token', async (t) => {
  const hsm = makeSoftHsm(t)
  if (hsm === undefined) return
  const keys = keysOf(t, hsm)
  await succeed(keys('init', ...IN_HSM))
  const { code, stdout } = await keys('rewrap', ...IN_HSM, '--compromised')
  assert.deepEqual([code, stdout], [0, 'The root key stays; 1 old sealing key is deleted.\n'])
  const both = await refuse(keys('rewrap', ...IN_HSM, '--compromised', '--to', 'file'))
  assert.match(both, /^coatcheck: The root key cannot move and the sealing keys be replaced in one/)
  assert.match(await succeed(keys('list', ...IN_HSM)), /^sealing key .* active/m)
})

test('a signing key in the token is revoked, and one in the store takes over where that is set', async (t) => {
  const hsm = makeSoftHsm(t)
  if (hsm === undefined) return
  const keys = keysOf(t, hsm)
  const made = await succeed(keys('init', ...IN_HSM, '--signing-keys-in', 'hsm', '--json'))
  const { signingKid } = JSON.parse(made) as { readonly signingKid: string }
  await succeed(keys('revoke', signingKid, ...IN_HSM))
  assert.match(await succeed(keys('list', ...IN_HSM)), /\(revoked\)/)
})
