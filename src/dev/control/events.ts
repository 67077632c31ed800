import type { ServerResponse } from 'node:http'
import { showPools, showState, type ControlNeeds } from './state.ts'

const KEEP_ALIVE_MILLISECONDS = 15_000
const POOLS_EVERY_MILLISECONDS = 2000
// A page that does not read any more, such as a sleeping tab, is let go: it opens the stream again by itself.
const MOST_UNSENT_BYTES = 1024 * 1024

/** The streams of events that are open. */
export interface EventStreams {
  /** Opens a stream on a reply, which it answers. */
  open(response: ServerResponse): Promise<void>
  /** Tells every stream that a reset was done. */
  noteReset(store: boolean): void
  /** Ends every stream. */
  close(): void
}

/** Makes the server-sent events of an emulator. Nothing runs while nobody listens. */
export function createEventStreams(needs: ControlNeeds): EventStreams {
  const streams = new Set<ServerResponse>()
  let endListening: (() => void) | undefined

  function send(event: string, data: unknown): void {
    const text = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
    for (const stream of streams) write(stream, text)
  }

  function listen(): () => void {
    const { requests, clock, faults } = needs
    let pools = ''
    const ends = [
      requests.onRequest((summary) => send('request', summary)),
      clock.onChange(() => send('clock', clock.state())),
      faults.onChange(() => send('faults', { faults: faults.list() })),
    ]
    const keepAlive = setInterval(() => {
      for (const stream of streams) write(stream, ':\n\n')
    }, KEEP_ALIVE_MILLISECONDS)
    const looking = setInterval(() => {
      const shown = showPools(needs)
      const text = JSON.stringify(shown)
      if (text !== pools) send('pools', shown)
      pools = text
    }, POOLS_EVERY_MILLISECONDS)
    return () => {
      clearInterval(keepAlive)
      clearInterval(looking)
      for (const end of ends) end()
    }
  }

  function forget(stream: ServerResponse): void {
    streams.delete(stream)
    if (streams.size > 0) return
    endListening?.()
    endListening = undefined
  }

  async function open(response: ServerResponse): Promise<void> {
    const state = await showState(needs)
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    response.write(`retry: 1000\n\nevent: state\ndata: ${JSON.stringify(state)}\n\n`)
    streams.add(response)
    endListening ??= listen()
    response.once('close', () => forget(response))
  }

  return {
    open,
    noteReset: (store) => send('reset', { at: needs.clock.now().toISOString(), store }),
    close: () => {
      for (const stream of streams) stream.end()
    },
  }
}

function write(stream: ServerResponse, text: string): void {
  stream.write(text)
  if (stream.writableLength > MOST_UNSENT_BYTES) stream.destroy()
}
