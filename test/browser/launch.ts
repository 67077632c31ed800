import { mkdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium, type Browser } from 'playwright-core'
import { requirePeer } from '../peers.ts'

/**
 * Starts Chromium: the one of `$CHROMIUM`, else the one that npm brings.
 *
 * The caller must return when it is undefined: then it cannot start here, and the test is skipped with the reason, or with
 * `REQUIRE_PEERS=1` has failed.
 */
export async function launchChromium(t: TestContext): Promise<Browser | undefined> {
  try {
    // Never with the arguments that its package offers: they switch off what these tests rely on.
    const args = ['--no-sandbox', '--disable-background-networking', '--js-flags=--expose-gc']
    const browser = await chromium.launch({ executablePath: await findChromium(), args })
    t.after(() => browser.close())
    return browser
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n', 1)[0] : String(error)
    const howToInstall = `set CHROMIUM to a browser that starts (${why})`
    requirePeer(t, 'Chromium', { found: false, howToInstall })
    return undefined
  }
}

/** Returns the path of the Chromium of `$CHROMIUM`, else of the one that npm brings, unpacked. */
export async function findChromium(): Promise<string> {
  const given = process.env['CHROMIUM']
  if (given !== undefined && given !== '') return given
  // Without it the package takes for granted that the machine has NSS; with it, it brings its own.
  process.env['AWS_EXECUTION_ENV'] ??= 'AWS_Lambda_nodejs24.x'
  const { default: bundled } = await import('@sparticuz/chromium')
  return alone(() => bundled.executablePath())
}

const LOCK = join(tmpdir(), 'coatcheck-chromium.lock')
const STALE_MILLISECONDS = 60_000

/** Runs something in one process at a time: the browser is unpacked once, and never taken while it is half there. */
async function alone<Result>(run: () => Promise<Result>): Promise<Result> {
  while (!takeLock()) await sleep(50)
  try {
    return await run()
  } finally {
    rmSync(LOCK, { recursive: true, force: true })
  }
}

function takeLock(): boolean {
  try {
    mkdirSync(LOCK)
    return true
  } catch {
    const since = statSync(LOCK, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
    if (Date.now() - since > STALE_MILLISECONDS) rmSync(LOCK, { recursive: true, force: true })
    return false
  }
}
