import { lstatSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { Config } from '../config.ts'
import { OperatorError } from '../errors.ts'
import { parseJsonObject, stringMember } from '../protocol/parse.ts'
import { systemCode } from '../system-error.ts'

const LONGEST_LINE_BYTES = 1024
const OWNER_ONLY = 0o177

/** What is answered to a share. */
export interface ShareReply {
  readonly taken: boolean
  /** What was done, or what is wrong with it. */
  readonly says: string
  /** What to do about it; empty where nothing is wrong. */
  readonly fix: string
}

/** Takes the text of a share; never rejects. */
export type OfferShare = (text: string) => Promise<ShareReply>

/** Where `serve` takes shares from other processes of its user. */
export function unlockSocketOf({ unlockSocket, data }: Config): string {
  return unlockSocket === '' ? join(data, 'unlock.sock') : unlockSocket
}

/** A socket that takes shares. */
export interface UnlockSocket {
  /** Answers what was taken, and removes the socket. */
  close(): void
}

/** Takes shares on a socket that only this user can open. Throws OperatorError when it cannot be made. */
export async function listenForShares(path: string, offer: OfferShare): Promise<UnlockSocket> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    const offerLast: OfferShare = (share) => {
      // Its answer is still to be sent when the socket is closed, if this share was the last.
      sockets.delete(socket)
      return offer(share)
    }
    answer(socket, offerLast).catch(() => socket.destroy())
  })
  try {
    if (await isLeftBehind(path)) rmSync(path)
    await bind(server, path)
  } catch (cause) {
    throw explainSocketError(path, cause)
  }
  return {
    close() {
      server.close()
      for (const socket of sockets) socket.destroySoon()
    },
  }
}

function explainSocketError(path: string, cause: unknown): OperatorError {
  if (systemCode(cause) === 'EADDRINUSE') {
    return new OperatorError(
      `Another process takes shares on ${path}, or something else is there.`,
      'Stop the other serve, or name another path with --unlock-socket.',
      cause,
    )
  }
  return new OperatorError(
    `The socket ${path} cannot be made.`,
    'Name one in a folder of yours that is there, with --unlock-socket; its path may have 100 characters.',
    cause,
  )
}

/** Binds at once: nobody can open the socket before it has its mode. */
async function bind(server: Server, path: string): Promise<void> {
  const before = process.umask(OWNER_ONLY)
  try {
    server.listen(path)
  } finally {
    process.umask(before)
  }
  await once(server, 'listening')
}

/** Tells whether a socket is there that nobody listens on, as a process leaves it that was killed. */
async function isLeftBehind(path: string): Promise<boolean> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return false
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return false
  } catch (error) {
    return systemCode(error) === 'ECONNREFUSED'
  } finally {
    socket.destroy()
  }
}

/** Answers the one line that is sent. */
async function answer(socket: Socket, offer: OfferShare): Promise<void> {
  socket.on('data', () => {
    if (socket.bytesRead > LONGEST_LINE_BYTES) socket.destroy()
  })
  for await (const line of createInterface({ input: socket })) {
    socket.end(`${JSON.stringify(await offer(line))}\n`)
    return
  }
}

/** Sends a share to the `serve` that waits for it. Throws OperatorError when none does. */
export async function sendShare(path: string, share: string): Promise<ShareReply> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    socket.write(`${share}\n`)
    const reply = parseJsonObject(await text(socket)) ?? {}
    const says = stringMember(reply, 'says')
    const fix = stringMember(reply, 'fix')
    if (says !== undefined && fix !== undefined)
      return { taken: reply['taken'] === true, says, fix }
  } catch (cause) {
    throw nobodyWaits(path, cause)
  } finally {
    socket.destroy()
  }
  throw nobodyWaits(path)
}

function nobodyWaits(path: string, cause?: unknown): OperatorError {
  return new OperatorError(
    `No vault waits for shares on ${path}.`,
    'Start "coatcheck serve --root-key-in shares", or name its socket with --unlock-socket; one that is unlocked has none.',
    cause,
  )
}
