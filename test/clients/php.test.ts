import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { verifyCaptureContext } from '../../src/client/index.ts'
import { MERCHANT, startHarness } from '../harness.ts'
import { requirePeer } from '../peers.ts'
import { launchProgram, type Ended } from '../process.ts'
import { createFlow, type Credentials } from '../cli/flow.ts'
import { clientEnvironment, decodeClaims, parseNested, startEmulator } from './emulator.ts'

const CLIENT = join(import.meta.dirname, 'client.php')

function hasPhp(t: TestContext): boolean {
  const { status } = spawnSync('php', ['-r', `exit(extension_loaded('curl') ? 0 : 1);`])
  const howToInstall = 'apt-get install php-cli php-curl'
  return requirePeer(t, 'PHP with curl', { found: status === 0, howToInstall })
}

function call(
  t: TestContext,
  credentials: Credentials,
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return launchProgram(t, ['php', CLIENT], {
    environment: { ...clientEnvironment(credentials), ...environment },
  }).ended
}

test('a client that signs as the official PHP client does opens a session', async (t) => {
  if (!hasPhp(t)) return
  const emulator = await startEmulator(t)
  const { url } = emulator
  const { code, stdout, stderr } = await call(t, emulator)
  assert.equal(code, 0, stderr + stdout)
  const { sent } = JSON.parse(stderr) as { readonly sent: string }
  assert.ok(sent.includes('https:\\/\\/www.test.com') && sent.includes('caf\\u00e9'), sent)
  const context = await verifyCaptureContext(stdout, { origins: [url], publicKeyOrigin: url })
  await createFlow(emulator).redeem(context)

  const refused = await call(t, { ...emulator, secret: 'd3Jvbmc=' })
  assert.equal(refused.code, 1)
  const { coatcheck } = parseNested(refused.stdout)
  assert.equal((coatcheck as Record<string, unknown>)['reason'], 'WRONG_SIGNATURE')
})

test('a date of the official PHP client with an hour of one digit is understood', async (t) => {
  if (!hasPhp(t)) return
  const now = new Date('2026-11-22T09:05:07Z')
  const harness = await startHarness({ now: () => now })
  t.after(() => harness.close())
  const url = await harness.listen()
  const NOW = String(now.getTime() / 1000)
  const { code, stdout, stderr } = await call(t, { ...MERCHANT, url }, { NOW })
  assert.equal(code, 0, stderr + stdout)
  const { date } = JSON.parse(stderr) as { readonly date: string }
  assert.equal(date, 'Sun, 22 Nov 2026 9:05:07 GMT')
  assert.equal(decodeClaims(stdout)['iat'], Number(NOW))
})
