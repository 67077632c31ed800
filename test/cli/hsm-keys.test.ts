import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openRawToken, type Flag } from '../hsm/raw-token.ts'
import { makeSoftHsm, type SoftHsm } from '../hsm/soft-hsm.ts'
import { requirePeer } from '../peers.ts'
import { launchUntilReady, makeFolder, PROJECT, run, until, type Ended } from '../process.ts'
import { ORIGIN } from '../vault.ts'
import type { Ready } from './serving.ts'

const IN_HSM = ['--root-key-in', 'hsm'] as const

interface Made {
  readonly hsm: SoftHsm
  /** Runs a command on the data folder of one test. */
  coatcheck(
    words: readonly string[],
    environment?: Readonly<Record<string, string>>,
  ): Promise<Ended>
  readonly folder: string
}

function make(t: TestContext): Made | undefined {
  const hsm = makeSoftHsm(t)
  if (hsm === undefined) return undefined
  const folder = makeFolder()
  const coatcheck: Made['coatcheck'] = (words, environment = {}) =>
    run(t, [...words, ...hsm.flags, ...IN_HSM], {
      folder,
      environment: { ...hsm.environment, ...environment },
    })
  return { hsm, coatcheck, folder }
}

async function init({ coatcheck }: Made, ...words: readonly string[]): Promise<void> {
  const { code, stderr } = await coatcheck(['keys', 'init', ...words])
  assert.deepEqual([code, stderr], [0, ''])
}

async function refuse(running: Promise<Ended>): Promise<string> {
  const { code, stdout, stderr } = await running
  assert.deepEqual([code, stdout], [1, ''])
  return stderr
}

test('the keys that are made in the token stay there: sensitive, not extractable, private, and for one thing only', async (t) => {
  const made = make(t)
  if (made === undefined) return
  await init(made, '--signing-keys-in', 'hsm')
  const token = openRawToken(made.hsm)
  const kept: readonly Flag[] = ['CKA_TOKEN', 'CKA_PRIVATE', 'CKA_SENSITIVE']
  const denied: readonly Flag[] = ['CKA_EXTRACTABLE', 'CKA_UNWRAP', 'CKA_DERIVE']
  const [root, ...others] = await token.read('CKO_SECRET_KEY', [
    ...kept,
    ...denied,
    'CKA_WRAP',
    'CKA_SIGN',
  ])
  assert.deepEqual(others, [])
  const flags = (names: readonly Flag[], value: boolean): object =>
    Object.fromEntries(names.map((name) => [name, value]))
  assert.deepEqual(root, {
    ...flags(kept, true),
    ...flags([...denied, 'CKA_WRAP', 'CKA_SIGN'], false),
  })
  await assert.rejects(token.value('coatcheck-root'), /CKR_ATTRIBUTE_SENSITIVE/)
  const pairs = await token.read('CKO_PRIVATE_KEY', [...kept, ...denied, 'CKA_SIGN', 'CKA_DECRYPT'])
  const [signing] = pairs
  assert.equal(pairs.length, 1)
  assert.deepEqual(signing, {
    ...flags([...kept, 'CKA_SIGN'], true),
    ...flags([...denied, 'CKA_DECRYPT'], false),
  })
})

const GOOD = {
  CKA_TOKEN: true,
  CKA_PRIVATE: true,
  CKA_SENSITIVE: true,
  CKA_EXTRACTABLE: false,
  CKA_WRAP: false,
  CKA_UNWRAP: false,
  CKA_DERIVE: false,
} as const

const LOOSE: readonly (readonly [Partial<Record<Flag, boolean>>, string])[] = [
  [{ CKA_SENSITIVE: false }, 'may leave its token'],
  [{ CKA_EXTRACTABLE: true }, 'may leave its token'],
  [{ CKA_PRIVATE: false }, 'can be used without the PIN'],
  [{ CKA_WRAP: true }, 'may wrap other keys'],
  [{ CKA_UNWRAP: true }, 'may unwrap other keys'],
  [{ CKA_DERIVE: true }, 'may derive other keys'],
]

test('a root key that is there already is taken only when it is kept as one must be', async (t) => {
  const made = make(t)
  if (made === undefined) return
  const token = openRawToken(made.hsm)
  for (const [index, [flags, says]] of LOOSE.entries()) {
    await token.makeKey(`loose-${index}`, { ...GOOD, ...flags })
    const label = ['--pkcs11-key-label', `loose-${index}`]
    const stderr = await refuse(made.coatcheck(['keys', 'init', ...label]))
    assert.ok(
      stderr.startsWith(`coatcheck: The key loose-${index} ${says}, so it is no root key.\n`),
      stderr,
    )
  }
  await token.makeKey('good', GOOD)
  await init(made, '--pkcs11-key-label', 'good')
})

const FINAL_TRY = '00020000'
const LOCKED = '00040000'

test('a token that one more wrong PIN would lock is not tried, nor is one that is locked', async (t) => {
  const made = make(t)
  if (made === undefined) return
  const found = spawnSync('cc', ['--version']).status === 0
  if (!requirePeer(t, 'a C compiler', { found, howToInstall: 'install the package gcc' })) return
  await init(made)
  const module = join(made.folder, 'module.so')
  const source = join(PROJECT, 'test/hsm/token-module.c')
  execFileSync('cc', ['-shared', '-fPIC', '-Wall', '-o', module, source, '-ldl'])
  const tried = join(made.folder, 'tried')
  const list = (flags: string): Promise<Ended> => {
    const words = made.hsm.flags.map((word) => (word === made.hsm.module ? module : word))
    const environment = { REAL_MODULE: made.hsm.module, LOGIN_TRIED: tried, TOKEN_FLAGS: flags }
    return run(t, ['keys', 'list', ...words, ...IN_HSM], {
      folder: made.folder,
      environment: { ...made.hsm.environment, ...environment },
    })
  }
  const final = await refuse(list(FINAL_TRY))
  assert.match(
    final,
    /^coatcheck: The token vault would be locked by one more wrong PIN, so none was tried\.\n.+\n$/,
  )
  const locked = await refuse(list(LOCKED))
  assert.match(
    locked,
    /^coatcheck: The token vault is locked: its PIN was wrong too often\.\n.+\n$/,
  )
  assert.equal(existsSync(tried), false)
  assert.equal((await list('0')).code, 0)
  assert.equal(existsSync(tried), true, 'the module does see who logs in')
})

test('doctor says where the root key is, and that its HSM does not answer when it is gone', async (t) => {
  const made = make(t)
  if (made === undefined) return
  await init(made)
  const doctor = (): Promise<Ended> => made.coatcheck(['doctor'])
  const there = await doctor()
  assert.match(
    there.stdout,
    /The root key is kept in the token vault \(coatcheck-root\), which it never leaves\./,
  )
  assert.match(there.stdout, /The active sealing key is \w{4}/)
  made.hsm.pull()
  const gone = await doctor()
  assert.equal(gone.code, 1)
  assert.match(gone.stdout, /The HSM (does not answer|has no token vault)/)
  assert.doesNotMatch(gone.stdout, /The active sealing key/)
})

test('serve is not ready while the HSM of its root key is gone, and does not start without it', async (t) => {
  const made = make(t)
  if (made === undefined) return
  await init(made)
  await made.coatcheck(['merchants', 'add', 'shop-1'])
  const ports = ['--port', '0', '--operator-port', '0', '--workers', '1', '--origin', ORIGIN]
  const pools = ['--pool-target', '1', '--rotated-pool-target', '1', '--drain-milliseconds', '0']
  const args = ['serve', ...ports, ...pools, ...made.hsm.flags, ...IN_HSM]
  const start = { folder: made.folder, environment: made.hsm.environment }
  const running = await launchUntilReady(t, args, start)
  const { operatorUrl } = running.ready as Ready
  const ask = async (): Promise<readonly [number, unknown]> => {
    const reply = await fetch(`${operatorUrl}/readyz`)
    const { checks } = (await reply.json()) as { readonly checks: Record<string, string> }
    return [reply.status, checks['hsm']]
  }
  assert.deepEqual(await ask(), [200, 'ok'])
  made.hsm.pull()
  assert.deepEqual(await ask(), [503, 'does not answer'])
  made.hsm.plugIn()
  await until(async () => (await ask())[0] === 200, running)
  made.hsm.pull()
  const { code, stdout, stderr } = await run(t, args, start)
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(
    stderr,
    /^coatcheck: The HSM (does not answer for the token vault|has no token vault)\.\n.+\n$/,
  )
})
