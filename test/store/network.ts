import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'
import type { Scope } from '../process.ts'

/** A way to a server of the loopback that can be broken. */
export interface Network {
  readonly port: number
  /** Lets nothing through any more, and tells nobody; false makes it work again for new connections. */
  swallow(isBroken: boolean): void
  /** Ends every connection and refuses new ones; false lets them through again. */
  cut(isCut: boolean): void
}

/** Starts a way to a port; it is closed at the end of its scope. */
export async function startNetwork(scope: Scope, port: number): Promise<Network> {
  let isBroken = false
  let isCut = false
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    sockets.add(near.on('error', () => {}))
    if (isCut) near.resetAndDestroy()
    if (isCut || isBroken) return
    const far = createConnection(port, '127.0.0.1').on('error', () => {})
    sockets.add(far)
    near.on('data', (bytes) => isBroken || far.write(bytes))
    far.on('data', (bytes) => isBroken || near.write(bytes))
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  })
  const endAll = (): void => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.after(() => {
    endAll()
    server.close()
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    swallow: (broken) => {
      isBroken = broken
    },
    cut: (cut) => {
      isCut = cut
      if (cut) endAll()
    },
  }
}
