import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'
import type { Scope } from '../process.ts'

/** A way to a server of the loopback that can be broken. */
export interface Network {
  readonly port: number
  /** Lets nothing through any more, and tells nobody; false makes it work again for new connections. */
  swallow(isBroken: boolean): void
  /** Lets nothing through for now; false lets all that was held back arrive late, as a network that loses packets does. */
  stall(isStalled: boolean): void
  /** Ends every connection and refuses new ones; false lets them through again. */
  cut(isCut: boolean): void
}

/** One connection through it, both its ends. */
interface Way {
  readonly near: Socket
  readonly far: Socket
  hasLostBytes: boolean
}

/** Starts a way to a port; it is closed at the end of its scope. */
export async function startNetwork(scope: Scope, port: number): Promise<Network> {
  const state = { isBroken: false, isStalled: false, isCut: false }
  const ways = new Set<Way>()

  function pass(way: Way, from: Socket, to: Socket): void {
    from.on('error', () => {})
    from.on('data', (bytes) => {
      // What comes after lost bytes would be taken for something else.
      way.hasLostBytes ||= state.isBroken
      if (!way.hasLostBytes) to.write(bytes)
    })
    from.on('close', () => {
      ways.delete(way)
      to.destroySoon()
    })
    if (state.isStalled) from.pause()
  }

  const server = createServer((near) => {
    if (state.isCut) {
      near.resetAndDestroy()
      return
    }
    const way = { near, far: createConnection(port, '127.0.0.1'), hasLostBytes: false }
    ways.add(way)
    pass(way, near, way.far)
    pass(way, way.far, near)
  })

  function each(act: (socket: Socket) => void): void {
    for (const { near, far } of ways) for (const socket of [near, far]) act(socket)
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.after(() => {
    each((socket) => socket.destroy())
    server.close()
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    swallow: (isBroken) => void Object.assign(state, { isBroken }),
    stall: (isStalled) => {
      Object.assign(state, { isStalled })
      each((socket) => (isStalled ? socket.pause() : socket.resume()))
    },
    cut: (isCut) => {
      Object.assign(state, { isCut })
      if (isCut) each((socket) => socket.destroy())
    },
  }
}
