import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import type { Page } from 'playwright-core'
import { MERCHANT } from '../harness.ts'
import { clientEnvironment } from '../clients/emulator.ts'
import { launchProgram, makeFolder, PROJECT } from '../process.ts'
import { signByHttpSignature } from '../signed-request.ts'
import type { Started } from '../dev/started.ts'
import { openConsole } from './open-console.ts'

const CLIENT = join(PROJECT, 'test/clients/node-client.cjs')
const LONGEST_MILLISECONDS = 1000

/** Runs the official Node client once. */
async function callOfficially(
  t: TestContext,
  { url }: Started,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const common = clientEnvironment({ ...MERCHANT, url })
  const AUTH = 'http_signature'
  const { code } = await launchProgram(t, ['node', CLIENT], {
    environment: { ...common, AUTH, ...environment },
  }).ended
  assert.notEqual(code, 0, 'it was refused')
}

/** Waits for the newest row of the list and returns its cause, and how long after the request it was there. */
async function nextCause(
  emulator: Started,
  page: Page,
  act: () => Promise<void>,
): Promise<{ readonly cause: string; readonly milliseconds: number }> {
  let arrived = 0
  const end = emulator.requests.onRequest(() => (arrived = performance.now()))
  const shown = page
    .locator('.rows .row .cause')
    .first()
    .textContent()
    .then((cause) => ({ cause: cause ?? '', at: performance.now() }))
  await act()
  const { cause, at } = await shown
  end()
  return { cause, milliseconds: at - arrived }
}

/** Starts a proxy that changes bodies on their way, as a careless middleware does. */
async function startChanger(t: TestContext, to: string): Promise<string> {
  const change = async (incoming: IncomingMessage): Promise<IncomingMessage> => {
    const { method = '', url = '', rawHeaders } = incoming
    const body = (await buffer(incoming)).toString().replace(/^\{/, '{ ')
    const headers = rawHeaders.map((value, index) =>
      rawHeaders[index - 1]?.toLowerCase() === 'content-length' ? String(body.length) : value,
    )
    const outgoing = request(to + url, { method, headers, agent: false })
    outgoing.end(body)
    const [reply] = (await once(outgoing, 'response')) as [IncomingMessage]
    return reply
  }
  const server = createServer((incoming, reply) => {
    void change(incoming).then((changed) => {
      reply.writeHead(changed.statusCode ?? 500, { 'content-type': 'application/json' })
      changed.pipe(reply)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const FIVE_HOURS = `
  const RealDate = Date
  const HOURS = 5 * 3600 * 1000
  globalThis.Date = class extends RealDate {
    constructor(...given) { given.length === 0 ? super(RealDate.now() - HOURS) : super(...given) }
    static now() { return RealDate.now() - HOURS }
  }`

test('an official client with a wrong secret: the console names the secret within a second', async (t) => {
  const opened = await openConsole(t)
  if (opened === undefined) return
  const { emulator, page } = opened
  const SECRET = Buffer.alloc(32, 7).toString('base64')
  const { cause, milliseconds } = await nextCause(emulator, page, () =>
    callOfficially(t, emulator, { SECRET }),
  )
  assert.match(cause, /Probably a wrong secret/)
  assert.ok(milliseconds < LONGEST_MILLISECONDS, `${milliseconds} ms`)
  await page.locator('.row a').first().click()
  await page.getByRole('heading', { name: 'The signature does not fit the request' }).waitFor()
  const figures = page.locator('.comparison figure')
  assert.match((await figures.nth(0).textContent()) ?? '', /host: apitest\.cybersource\.com/)
  assert.match((await figures.nth(1).textContent()) ?? '', /under another secret/)
})

test('an official client whose clock is five hours off: the console says so within a second', async (t) => {
  const opened = await openConsole(t)
  if (opened === undefined) return
  const { emulator, page } = opened
  const late = join(makeFolder(), 'late.cjs')
  writeFileSync(late, FIVE_HOURS)
  const { cause, milliseconds } = await nextCause(emulator, page, () =>
    callOfficially(t, emulator, { NODE_OPTIONS: `--require=${late}` }),
  )
  assert.match(cause, /clock is off: .*5 hours/)
  assert.ok(milliseconds < LONGEST_MILLISECONDS, `${milliseconds} ms`)
  await page.locator('.row a').first().click()
  await page.getByRole('heading', { name: 'The clock of the client is off' }).waitFor()
})

test('a body changed after an official client signed it: the console says so within a second', async (t) => {
  const opened = await openConsole(t)
  if (opened === undefined) return
  const { emulator, page } = opened
  const BASE = await startChanger(t, emulator.url)
  const { cause, milliseconds } = await nextCause(emulator, page, () =>
    callOfficially(t, emulator, { BASE }),
  )
  assert.match(cause, /digest .* (?:another body|same JSON)/)
  assert.ok(milliseconds < LONGEST_MILLISECONDS, `${milliseconds} ms`)
  await page.locator('.row a').first().click()
  await page.getByRole('heading', { name: 'The body was changed after it was signed' }).waitFor()
  assert.equal(await page.locator('.comparison figure').count(), 2, 'both digests')
})

test('of a refused signature both strings stand side by side, the first difference marked', async (t) => {
  const opened = await openConsole(t)
  if (opened === undefined) return
  const { emulator, page, go } = opened
  const target = '/flex/v2/sessions'
  const signed = signByHttpSignature(
    MERCHANT,
    { target },
    { base: (base) => base.replace(': post', ': POST') },
  )
  await emulator.send(signed)
  await go(`requests/${emulator.requests.status().last}`)
  const [expected, received] = [
    page.getByRole('group', { name: 'The string we expected' }),
    page.getByRole('group', { name: 'The string they signed' }),
  ]
  assert.match((await expected.textContent()) ?? '', /request-target: post \/flex/)
  assert.match((await received.textContent()) ?? '', /request-target: POST \/flex/)
  assert.equal(await expected.locator('mark').textContent(), 'post /flex/v2/sessions')
  assert.equal(await received.locator('mark').textContent(), 'POST /flex/v2/sessions')
  await page.getByText('They part in line 3, at character 17.').waitFor()
})
