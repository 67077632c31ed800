import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CDPSession, Page } from 'playwright-core'
import type { Started } from '../dev/started.ts'
import { openConsole } from './open-console.ts'

const KEPT = 500
const MORE_BYTES = 3_000_000

interface Size {
  readonly elements: number
  readonly bytes: number
}

async function makeRequests({ url }: Started, count: number): Promise<void> {
  const path = `${url}/flex/v2/public-keys/dv`
  for (let made = 0; made < count; made += 20) {
    await Promise.all(Array.from({ length: 20 }, async () => (await fetch(path)).arrayBuffer()))
  }
}

/** Waits until the newest request is shown, and measures what is left after garbage is collected. */
async function measure(page: Page, cdp: CDPSession, newest: string | null): Promise<Size> {
  await page.locator(`[data-row="${newest}"]`).waitFor()
  await cdp.send('HeapProfiler.collectGarbage')
  const { usedSize } = await cdp.send('Runtime.getHeapUsage')
  const { nodes } = await cdp.send('Memory.getDOMCounters')
  return { elements: nodes, bytes: usedSize }
}

test('a page that has seen thousands of requests is no larger than one that has seen five hundred', async (t) => {
  const opened = await openConsole(t)
  if (opened === undefined) return
  const { emulator, page } = opened
  const cdp = await page.context().newCDPSession(page)
  const newest = (): string | null => emulator.requests.status().last
  await makeRequests(emulator, KEPT)
  const full = await measure(page, cdp, newest())
  await makeRequests(emulator, 1000)
  const later = await measure(page, cdp, newest())
  assert.equal(await page.locator('.row').count(), KEPT)
  assert.ok(later.elements < full.elements * 1.2 + 500, JSON.stringify({ full, later }))
  assert.ok(later.bytes < full.bytes + MORE_BYTES, JSON.stringify({ full, later }))
})

test('a lost connection is said, sought again, and what happened meanwhile is shown', async (t) => {
  const opened = await openConsole(t)
  if (opened === undefined) return
  const { emulator, page } = opened
  const context = page.context()
  await page.getByText('0 requests').waitFor()
  await context.route('**/_dev/events', (route) => route.abort())
  emulator.service.app.server.closeAllConnections()
  await page.getByText('The emulator does not answer.', { exact: false }).waitFor()
  await makeRequests(emulator, 20)
  await context.unroute('**/_dev/events')
  await page.getByText('20 requests').waitFor()
  await page.getByText('the machine’s clock, no faults').waitFor()
})
