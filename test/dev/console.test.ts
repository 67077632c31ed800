import assert from 'node:assert/strict'
import { test } from 'node:test'
import { watchLoadedFiles } from '../loaded-files.ts'
import { launchUntilReady } from '../process.ts'
import { exchange } from '../raw-http.ts'
import { start } from './started.ts'

test('the console is one page that loads nothing from elsewhere', async (t) => {
  const { url } = await start(t)
  const reply = await fetch(`${url}/console/`)
  assert.equal(reply.status, 200)
  assert.equal(reply.headers.get('content-type'), 'text/html; charset=utf-8')
  assert.equal(
    reply.headers.get('content-security-policy'),
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  )
  assert.equal(reply.headers.get('cache-control'), 'no-store')
  assert.equal(reply.headers.get('x-content-type-options'), 'nosniff')
  const html = await reply.text()
  const links = [...html.matchAll(/ (?:src|href)="([^"]*)"/g)].map(([, link]) => link ?? '')
  assert.deepEqual(links.toSorted(), ['icon.svg', 'main.css', 'main.js'])
  for (const link of links) {
    const { status, headers } = await fetch(`${url}/console/${link}`)
    assert.equal(status, 200, link)
    assert.match(headers.get('content-type') ?? '', /^(?:image\/svg|text\/(?:css|javascript))/)
  }
})

test('without its last slash the address leads to the console', async (t) => {
  const { url } = await start(t)
  const { status, headers } = await fetch(`${url}/console?x=1`, { redirect: 'manual' })
  assert.equal(status, 308)
  assert.equal(headers.get('location'), '/console/?x=1')
})

test('the console is refused to a page of another site and to another Host', async (t) => {
  const { url } = await start(t)
  for (const header of [
    'host: console.example',
    'host: localhost\r\norigin: http://evil.example',
  ]) {
    const request = `GET /console/ HTTP/1.1\r\n${header}\r\nconnection: close\r\n\r\n`
    assert.match(await exchange(url, request), /^HTTP\/1\.1 403 /, header)
  }
})

test('a token in the address is passed on to the parts of the page', async (t) => {
  const { url } = await start(t)
  const html = await (await fetch(`${url}/console/?token=a%22b`)).text()
  assert.ok(html.includes('src="main.js?token=a%22b"'))
  assert.ok(html.includes('href="main.css?token=a%22b"'))
})

test('the emulator starts without the bundler, which comes with the first look at the console', async (t) => {
  const { environment, list } = watchLoadedFiles()
  const hasBundler = (): boolean => list().some((file) => file.startsWith('node_modules/esbuild/'))
  const { ready } = await launchUntilReady(t, ['dev', '--port', '0', '--ephemeral'], {
    environment,
  })
  assert.equal(hasBundler(), false)
  const { url } = ready as { readonly url: string }
  assert.equal((await fetch(`${url}/console/main.js`)).status, 200)
  assert.equal(hasBundler(), true)
})
