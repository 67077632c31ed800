import { createInterface, type Interface } from 'node:readline'
import { Writable } from 'node:stream'

/**
 * Opens standard input to read secrets from, a line each. On a terminal what is typed or pasted is not shown, and the
 * prompt is. Closing it leaves the rest unread.
 */
export function openSecretLines(prompt: string): Interface {
  const { stdin, stderr } = process
  if (!stdin.isTTY) return endOnError(createInterface({ input: stdin }))
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: stdin, output: nowhere, terminal: true, historySize: 0 })
  stderr.write(`${prompt}\n`)
  lines.on('SIGINT', () => {
    lines.close()
    process.kill(process.pid, 'SIGINT')
  })
  return endOnError(lines)
}

/** Input that cannot be read any more, as of a terminal that is gone, has ended. */
function endOnError(lines: Interface): Interface {
  return lines.on('error', () => lines.close())
}
