import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { taken } from '../dev/started.ts'
import { openConsole } from './open-console.ts'

/** What has the focus, by what a user would call it. */
async function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const { activeElement } = document
    if (activeElement instanceof HTMLElement && activeElement.dataset['row']) {
      return activeElement.dataset['row']
    }
    const { id = '', tagName = '' } = activeElement ?? {}
    const name = activeElement?.getAttribute('aria-label') ?? activeElement?.textContent ?? ''
    return id === '' ? `${tagName.toLowerCase()} ${name.trim()}` : id
  })
}

test('the list is walked, opened, left and searched by keys alone', async (t) => {
  const opened = await openConsole(t)
  if (opened === undefined) return
  const { emulator, page } = opened
  taken(await emulator.control('POST', '/_dev/tokens', {}))
  await page.getByText('2 requests').waitFor()
  const { keyboard } = page
  const [newest, oldest] = emulator.requests
    .list()
    .map(({ id }) => id)
    .toSorted()
    .toReversed()
  await keyboard.press('j')
  assert.equal(await focused(page), newest)
  await keyboard.press('j')
  assert.equal(await focused(page), oldest)
  await keyboard.press('k')
  assert.equal(await focused(page), newest)
  await keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Create token' }).waitFor()
  assert.equal(await focused(page), 'heading', 'reading goes on at the title of what was opened')
  await keyboard.press('j')
  assert.equal(await focused(page), oldest, 'from what is open on')
  await keyboard.press('Escape')
  await page.getByRole('heading', { level: 1, name: 'Requests' }).waitFor()
  await page.waitForFunction(
    (id) => document.activeElement?.getAttribute('data-row') === id,
    newest,
  )
  await keyboard.press('/')
  assert.equal(await focused(page), 'search')
  await keyboard.type('j?gk')
  assert.match(page.url(), /q=j%3Fgk$/, 'whoever types is left alone')
  await keyboard.press('Escape')
  assert.notEqual(await focused(page), 'search')
})

test('two keys go to every page, and ? shows them all', async (t) => {
  const opened = await openConsole(t)
  if (opened === undefined) return
  const { page } = opened
  const { keyboard } = page
  const pages = {
    s: 'Sessions',
    i: 'Inspect',
    k: 'Keys',
    m: 'Merchants',
    c: 'Clock and faults',
    r: 'Requests',
  }
  for (const [key, name] of Object.entries(pages)) {
    await keyboard.press('g')
    await keyboard.press(key)
    await page.getByRole('heading', { level: 1, name, exact: true }).waitFor()
  }
  await keyboard.press('?')
  const dialog = page.getByRole('dialog', { name: 'Keys' })
  await dialog.getByText('Next in the list').waitFor()
  await keyboard.press('g')
  await keyboard.press('k')
  assert.equal(await page.getByRole('heading', { level: 1, name: 'Keys' }).count(), 0)
  await keyboard.press('Escape')
  await dialog.waitFor({ state: 'hidden' })
})

test('focus goes from the link over the bar to the page, in the order in which one reads', async (t) => {
  const opened = await openConsole(t)
  if (opened === undefined) return
  const { emulator, page } = opened
  taken(await emulator.control('POST', '/_dev/tokens', {}))
  await page.getByText('2 requests').waitFor()
  const order: string[] = []
  for (let step = 0; step < 16; step += 1) {
    await page.keyboard.press('Tab')
    order.push(await focused(page))
  }
  assert.deepEqual(order, [
    'a Skip to content',
    'a Coatcheck',
    'a Requests',
    'a Sessions',
    'a Inspect',
    'a Keys',
    'a Merchants',
    'a Clock',
    'button Keys of the keyboard',
    'search',
    'select Outcome',
    'select Operation',
    'select Merchant',
    emulator.requests.status().last,
    order[14],
    'pre command',
  ])
  await page.locator('.skip').focus()
  await page.keyboard.press('Enter')
  assert.equal(await focused(page), 'heading')
})

test('the page has one banner, one navigation, one main part and one title', async (t) => {
  const opened = await openConsole(t)
  if (opened === undefined) return
  const { page } = opened
  for (const role of ['banner', 'navigation', 'main', 'search'] as const) {
    assert.equal(await page.getByRole(role).count(), 1, role)
  }
  assert.equal(await page.locator('h1').count(), 1)
  assert.equal(await page.title(), 'Requests · Coatcheck')
})
