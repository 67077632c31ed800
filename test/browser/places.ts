import type { Page } from 'playwright-core'
import { taken, type Started } from '../dev/started.ts'
import { makeToken } from './open-console.ts'

/** The card number of the token that {@link liven} makes. */
export const NUMBER = '5555555555554444'

/** Has one of everything happen: a session with a token and its use, refusals, a fault, another clock. */
export async function liven(emulator: Started): Promise<{ kid: string; captureContext: string }> {
  const { kid, captureContext, jti } = await makeToken(emulator, { number: NUMBER })
  await emulator.flow.client.getPaymentDetails(jti)
  await fetch(`${emulator.url}/flex/v2/sessions`, { method: 'POST', body: '{}' })
  await fetch(`${emulator.url}/flex/v2/tokens`, { method: 'POST', body: 'no JWE' })
  taken(await emulator.control('POST', '/_dev/faults', { kind: 'latency', milliseconds: 1 }))
  return { kid, captureContext }
}

/** Every page, with and without something on it. */
export async function placesOf(emulator: Started): Promise<readonly string[]> {
  const { kid, captureContext } = await liven(emulator)
  const requests = emulator.requests.list().map(({ id }) => `requests/${id}`)
  return [
    'requests',
    'requests?outcome=failed',
    'requests/r999',
    ...requests,
    'sessions',
    `sessions/${kid}`,
    'inspect',
    `inspect/${captureContext}`,
    'keys',
    'merchants',
    'clock',
  ]
}

/** Waits until everything that a page asks for is there. */
export async function settle(page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelector('main h1') !== null)
  await page.waitForTimeout(250)
}
