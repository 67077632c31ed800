import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { createClient, FlexError } from '../../src/client/index.ts'
import { systemRandom } from '../../src/clock-and-random.ts'
import { addMerchants } from '../../src/testing/test-merchants.ts'
import { REQUEST } from '../cli/flow.ts'
import type { Started } from '../dev/started.ts'
import { makeToken, openConsole } from './open-console.ts'

type Probes = Readonly<Record<string, () => Promise<unknown>>>

/** Requests that differ in operation, method, path, merchant and stages. */
async function makeProbes(emulator: Started): Promise<Probes> {
  const { url, flow } = emulator
  const merchants = [{ merchantId: 'another' }]
  const [, other] = await addMerchants(emulator, {
    merchants,
    settings: undefined,
    random: systemRandom,
  })
  assert.ok(other)
  const context = await flow.openSession()
  const { jti } = await makeToken(emulator)
  return {
    'a session': () => flow.client.generateFlexAPICaptureContext(REQUEST),
    'a session of another': () =>
      createClient({ url, ...other }).generateFlexAPICaptureContext(REQUEST),
    'a token': () => flow.redeem(context),
    'its use': () => flow.client.getPaymentDetails(jti),
  }
}

/** Returns the names of the probes that fail. */
async function failuresOf(probes: Probes): Promise<readonly string[]> {
  const failed: string[] = []
  for (const [name, send] of Object.entries(probes)) {
    await send().catch((error: unknown) => {
      assert.ok(error instanceof FlexError && error.status === 500, String(error))
      failed.push(name)
    })
  }
  return failed
}

interface Case {
  fill(page: Page): Promise<unknown>
  readonly fails: readonly string[]
}

const CASES: Readonly<Record<string, Case>> = {
  stage: {
    fill: (page) => page.getByLabel('Stage').selectOption('decrypt'),
    fails: ['a token'],
  },
  operation: {
    fill: (page) => page.getByLabel('Operation').selectOption('createTransientToken'),
    fails: ['a token'],
  },
  method: {
    fill: (page) => page.getByLabel('Method').selectOption('GET'),
    fails: ['its use'],
  },
  path: {
    fill: (page) => page.getByLabel('Path').fill('/flex/*/sessions'),
    fails: ['a session', 'a session of another'],
  },
  merchant: {
    fill: (page) => page.getByLabel('Merchant', { exact: true }).fill('another'),
    fails: ['a session of another'],
  },
}

for (const [name, { fill, fails }] of Object.entries(CASES)) {
  test(`a fault that is set by ${name} is met by no other request`, async (t) => {
    const opened = await openConsole(t)
    if (opened === undefined) return
    const { emulator, page, go } = opened
    const probes = await makeProbes(emulator)
    await go('clock')
    await page.getByLabel('Kind').selectOption('error')
    await page.getByLabel('Times').selectOption('always')
    await fill(page)
    await page.getByRole('button', { name: 'Set fault' }).click()
    await page.locator('.status-line').getByText('1 fault is set.').waitFor()
    assert.deepEqual(await failuresOf(probes), fails)
    await page.getByText(new RegExp(`met by ${fails.length} request`)).waitFor()
    await page.getByRole('button', { name: 'Remove f1' }).click()
    await page.getByText('None is set').waitFor()
    assert.deepEqual(await failuresOf({ ...probes, 'a token': async () => {} }), [])
  })
}

test('the stages on offer are those of the kind, and what is refused says how to mend it', async (t) => {
  const opened = await openConsole(t)
  if (opened === undefined) return
  const { page, go } = opened
  await go('clock')
  const stages = page.getByLabel('Stage').locator('option')
  assert.deepEqual(await stages.allTextContents(), ['usual (store)', 'store', 'key-pool'])
  await page.getByLabel('Stage').selectOption('key-pool')
  await page.getByLabel('Kind').selectOption('reset')
  assert.deepEqual(await stages.allTextContents(), ['reply'])
  await page.getByLabel('Path').fill('flex')
  await page.getByRole('button', { name: 'Set fault' }).click()
  await page.getByRole('alert').getByText('It must begin with /').waitFor()
})

test('a fault is set by the keyboard alone', async (t) => {
  const opened = await openConsole(t)
  if (opened === undefined) return
  const { emulator, page, go } = opened
  await go('clock')
  await page.getByLabel('Operation').focus()
  await page.keyboard.press('Tab')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Tab')
  await page.keyboard.type('/flex/v2/*')
  await page.keyboard.press('Enter')
  await page.locator('.status-line').getByText('1 fault is set.').waitFor()
  const [fault] = emulator.faults.list()
  assert.deepEqual(fault?.match, { method: 'GET', path: '/flex/v2/*' })
})
