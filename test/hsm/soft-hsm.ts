import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { requirePeer } from '../peers.ts'
import { makeFolder } from '../process.ts'

/** The user PIN of its token. */
export const PIN = '1234'

const MODULE = ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib64/pkcs11/libsofthsm2.so'].find(
  existsSync,
)

/** A software HSM of a test's own, with one token. */
export interface SoftHsm {
  /** The file of its module. */
  readonly module: string
  readonly environment: Readonly<Record<string, string>>
  /** The flags that name it. */
  readonly flags: readonly string[]
  /** Takes the token away from every process that uses it. */
  pull(): void
  /** Brings it back. */
  plugIn(): void
}

/** Makes a software HSM in a folder of its own; undefined, and the test is skipped, where SoftHSM is not installed. */
export function makeSoftHsm(t: TestContext): SoftHsm | undefined {
  const found = MODULE !== undefined && spawnSync('softhsm2-util', ['--version']).status === 0
  if (!requirePeer(t, 'SoftHSM', { found, howToInstall: 'install the package softhsm2' }))
    return undefined
  const folder = makeFolder()
  const [tokens, settings] = [join(folder, 'tokens'), join(folder, 'softhsm2.conf')]
  mkdirSync(tokens)
  writeFileSync(settings, `directories.tokendir = ${tokens}\nlog.level = ERROR\n`)
  const pinFile = join(folder, 'pin')
  writeFileSync(pinFile, `${PIN}\n`, { mode: 0o600 })
  const environment = { SOFTHSM2_CONF: settings }
  const made = ['--init-token', '--free', '--label', 'vault', '--pin', PIN, '--so-pin', '567890']
  spawnSync('softhsm2-util', made, { env: { ...process.env, ...environment } })
  const names = { module: MODULE ?? '', token: 'vault', 'pin-file': pinFile }
  return {
    module: MODULE ?? '',
    environment,
    flags: Object.entries(names).flatMap(([name, value]) => [`--pkcs11-${name}`, value]),
    pull: () => renameSync(tokens, `${tokens}.pulled`),
    plugIn: () => renameSync(`${tokens}.pulled`, tokens),
  }
}
