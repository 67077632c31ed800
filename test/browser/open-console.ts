import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { BrowserContextOptions, Page } from 'playwright-core'
import type { EmulatorOptions } from '../../src/dev/emulator.ts'
import { start, taken, type Started } from '../dev/started.ts'
import { launchChromium } from './launch.ts'

/** A page with the console of an emulator. */
export interface OpenConsole {
  readonly emulator: Started
  readonly page: Page
  /** Goes to a place in the console, such as `requests/r1`, and waits until it is drawn. */
  go(place: string): Promise<void>
}

/** What is opened. */
export interface OpenOptions extends BrowserContextOptions {
  readonly emulator?: EmulatorOptions
  /** What is done before the page is loaded. */
  prepare?(emulator: Started): Promise<void>
}

/**
 * Opens the console of an emulator of its own in Chromium; undefined when that cannot start here. In the end the test fails
 * when the page wrote an error, or asked another origin for anything.
 */
export async function openConsole(
  t: TestContext,
  { emulator: options, prepare, ...contextOptions }: OpenOptions = {},
): Promise<OpenConsole | undefined> {
  const browser = await launchChromium(t)
  if (browser === undefined) return undefined
  const emulator = await start(t, options)
  await prepare?.(emulator)
  const context = await browser.newContext({
    viewport: { width: 1280, height: 860 },
    ...contextOptions,
  })
  const page = await context.newPage()
  const strays: string[] = []
  page.on('console', (message) => {
    // What was refused, or not answered, the browser notes by itself; what is asked of others is seen below.
    const isRefusal = message.text().startsWith('Failed to load resource: ')
    if (message.type() === 'error' && !isRefusal) strays.push(message.text())
  })
  page.on('pageerror', (error) => strays.push(error.message))
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(`${emulator.url}/`) && !url.startsWith('data:')) strays.push(url)
  })
  t.after(() => assert.deepEqual(strays, [], 'the page wrote no error and asked nobody else'))
  await page.goto(`${emulator.url}/console/`)
  await page.locator('h1').waitFor()
  const go = async (place: string): Promise<void> => {
    await page.evaluate((hash) => {
      location.hash = hash
    }, `#/${place}`)
    await page.locator('h1').waitFor()
  }
  return { emulator, page, go }
}

/** A transient token and where it comes from. */
export interface MadeToken {
  readonly kid: string
  readonly jti: string
  readonly token: string
  readonly captureContext: string
}

/** Creates a transient token in one call. */
export async function makeToken(emulator: Started, body: object = {}): Promise<MadeToken> {
  const made: MadeToken = taken(await emulator.control('POST', '/_dev/tokens', body))
  return made
}
