import assert from 'node:assert/strict'
import { test } from 'node:test'
import { taken } from '../dev/started.ts'
import { makeToken, openConsole } from './open-console.ts'
import { liven, NUMBER, placesOf, settle } from './places.ts'

test('no page holds a card number after a token with it was made', async (t) => {
  const opened = await openConsole(t)
  if (opened === undefined) return
  const { emulator, page, go } = opened
  for (const place of await placesOf(emulator)) {
    await go(place)
    await settle(page)
    const html = await page.content()
    assert.ok(!html.includes(NUMBER), place)
    assert.ok(!html.replaceAll(/\D/g, '').includes(NUMBER), place)
  }
})

test('the life of a session stands on one page, and grows while one looks', async (t) => {
  const opened = await openConsole(t)
  if (opened === undefined) return
  const { emulator, page, go } = opened
  const { kid, jti } = await makeToken(emulator)
  await go(`sessions/${kid}`)
  for (const name of [
    'The session is opened',
    'Its capture context, claim by claim',
    'Token requests',
    'Transient token',
    'Its uses',
  ]) {
    await page.getByRole('heading', { name, exact: true }).waitFor()
  }
  await page.getByText('who receives the card data: allow only your service’s own').waitFor()
  await page
    .getByText('Verified by the signing key dv of this service.', { exact: false })
    .waitFor()
  const steps = (await page.locator('.attempt .steps').last().textContent()) ?? ''
  assert.match(steps, /decrypt passed.*validate card data passed.*sign transient token passed/s)
  await page.getByText('It has not been used yet.').waitFor()
  await emulator.flow.client.getPaymentDetails(jti)
  await page.locator('.life .row').getByText('Payment details').waitFor()
})

test('a pasted token is explained, verified, and its expiry said in words', async (t) => {
  const opened = await openConsole(t)
  if (opened === undefined) return
  const { emulator, page, go } = opened
  const { token } = await makeToken(emulator)
  await go('inspect')
  await page.getByLabel('A JWT, a JWE, a jti, a JWK or a JWKS').fill(token)
  await page.getByText(/^Verified by .* It expires in 1[45] minutes\./).waitFor()
  await page.getByRole('link', { name: /^08/ }).click()
  await page.getByRole('heading', { name: 'Transient token', exact: true }).waitFor()
  await go('inspect')
  await page
    .getByLabel('A JWT, a JWE, a jti, a JWK or a JWKS')
    .fill(token.replace(/\.(?=[^.]*$).../, '.AAA'))
  await page.getByText('Does not verify').waitFor()
})

test('requests are filtered and searched, and the address says how', async (t) => {
  const opened = await openConsole(t)
  if (opened === undefined) return
  const { emulator, page } = opened
  await liven(emulator)
  const rows = page.locator('.list-pane .row')
  await page.getByText('5 requests').waitFor()
  await page.getByLabel('Outcome').selectOption('refused')
  await page.getByText('2 of 5 requests').waitFor()
  await page.getByLabel('Search requests').fill('bearer')
  await page.getByText('1 of 5 requests').waitFor()
  assert.match(page.url(), /#\/requests\?outcome=refused&q=bearer$/)
  await page.reload()
  await page.getByText('1 of 5 requests').waitFor()
  assert.equal(await rows.count(), 1)
  await page.getByRole('button', { name: 'Clear' }).click()
  await page.getByLabel('Merchant').selectOption(emulator.merchant.merchantId)
  await page.getByText('3 of 5 requests').waitFor()
})

test('the clock is frozen, advanced and resumed, and every page says so', async (t) => {
  const opened = await openConsole(t)
  if (opened === undefined) return
  const { emulator, page, go } = opened
  await go('clock')
  const status = page.locator('.status-line')
  await page.getByRole('button', { name: 'Freeze' }).click()
  await status.getByText(/^The clock is frozen at \d\d:\d\d:\d\d/).waitFor()
  await page.getByLabel('Advance by').fill('soon')
  await page.getByRole('button', { name: 'Advance' }).click()
  await page.getByRole('alert').waitFor()
  await page.getByRole('button', { name: '+16m' }).click()
  // Less the time that has passed since it was frozen.
  await status.getByText(/ 1[56] minutes .*ahead/).waitFor()
  assert.equal(emulator.clock.state().mode, 'frozen')
  await go('keys')
  await status.getByRole('button', { name: 'Resume' }).click()
  await status.getByText('the machine’s clock, no faults').waitFor()
  assert.equal(emulator.clock.state().mode, 'running')
})

test('a fault is set, met by the next request, and removed', async (t) => {
  const opened = await openConsole(t)
  if (opened === undefined) return
  const { emulator, page, go } = opened
  await go('clock')
  await page.getByLabel('Kind').selectOption('error')
  await page.getByLabel('Code').fill('QUOTA_EXCEEDED')
  await page.getByRole('button', { name: 'Set fault' }).click()
  await page.locator('.status-line').getByText('1 fault is set.').waitFor()
  const { status } = await emulator.control('POST', '/_dev/tokens', {})
  assert.ok(status >= 400)
  await page.getByText('met by 1 request, spent').waitFor()
  await page.getByRole('button', { name: 'Remove f1' }).click()
  await page.getByText('None is set').waitFor()
})

test('an empty console says how to make the first request, and makes it', async (t) => {
  const opened = await openConsole(t)
  if (opened === undefined) return
  const { emulator, page } = opened
  await page.getByText('Nothing has been asked for yet.').waitFor()
  await page.getByText(`curl -s ${emulator.url}/_dev/tokens`).waitFor()
  await page.getByRole('button', { name: 'Create a token' }).click()
  await page.getByRole('heading', { name: 'Transient token', exact: true }).waitFor()
  assert.equal(emulator.requests.status().count, 2)
})

test('the configurations of the official clients are there to copy', async (t) => {
  const permissions = ['clipboard-read', 'clipboard-write']
  const opened = await openConsole(t, { permissions })
  if (opened === undefined) return
  const { emulator, page, go } = opened
  await go('merchants')
  await page.getByRole('button', { name: 'configuration for Node, HTTP Signature' }).click()
  await page.getByText('Copied').waitFor()
  const copied = await page.evaluate(() => navigator.clipboard.readText())
  assert.match(copied, /merchantKeyId: '/)
  assert.ok(copied.includes(emulator.url))
})

test('nothing moves while the console loads', async (t) => {
  const opened = await openConsole(t, {
    prepare: async (emulator) => {
      await liven(emulator)
      taken(await emulator.control('POST', '/_dev/clock', { action: 'freeze' }))
    },
  })
  if (opened === undefined) return
  await settle(opened.page)
  const shift = await opened.page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        let sum = 0
        new PerformanceObserver((entries) => {
          for (const entry of entries.getEntries()) {
            if ('value' in entry && typeof entry.value === 'number') sum += entry.value
          }
        }).observe({ type: 'layout-shift', buffered: true })
        setTimeout(() => resolve(sum), 300)
      }),
  )
  assert.ok(shift < 0.01, String(shift))
})
