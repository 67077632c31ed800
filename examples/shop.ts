// What the Playwright example tests: a shop with one page. The shopper's browser encrypts the card, and posts it to the service;
// the shop's server sees the transient token alone.

import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { build } from 'esbuild'
import { createCheckout, type ShopOptions } from './checkout.ts'

/** A running shop. It stops by `await using`. */
export interface Shop extends AsyncDisposable {
  readonly url: string
}

/** Starts the shop on a free port of loopback. */
export async function startShop(options: ShopOptions): Promise<Shop> {
  const checkout = createCheckout(options)
  const script = await bundlePage()
  const answer = async (
    request: IncomingMessage,
  ): Promise<readonly [type: string, body: string]> => {
    if (request.url === '/pay') return ['text/plain', await checkout.summarize(await text(request))]
    if (request.url === '/shop-page.js') return ['text/javascript', script]
    return ['text/html', pageFor(await checkout.begin(), options.url)]
  }
  const server = createServer((request, response) => {
    void answer(request).then(
      ([type, body]) => response.setHeader('content-type', `${type}; charset=utf-8`).end(body),
      () => response.writeHead(500).end('The shop is closed'),
    )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  // A server that listens on a port has such an address.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function pageFor(captureContext: string, service: string): string {
  return `<!doctype html>
<html lang="en">
  <title>Shop</title>
  <form data-capture-context="${captureContext}" data-service="${service}">
    <label>Card number <input name="number" autocomplete="cc-number" inputmode="numeric" /></label>
    <button>Pay</button>
    <output></output>
  </form>
  <script type="module" src="/shop-page.js"></script>
</html>`
}

async function bundlePage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [new URL('shop-page.ts', import.meta.url).pathname],
    bundle: true,
    format: 'esm',
    minify: true,
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}
