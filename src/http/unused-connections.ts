import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'

/**
 * Keeps an eye on the connections of a server. Node ends idle ones by itself when a server is closed, but not those on which
 * nothing was ever sent, such as browsers open ahead of need: they would hold up the end.
 *
 * @param event - by which the server tells of a connection on which requests may come.
 * @returns what ends the connections that are unused so far.
 */
export function trackUnused(
  server: EventEmitter,
  event: 'connection' | 'secureConnection',
): () => void {
  const sockets = new Set<Socket>()
  server.on(event, (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return () => {
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
  }
}
