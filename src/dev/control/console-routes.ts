import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { bundleConsole, STATIC_FILES } from '../bundle-console.ts'

/** Where the console is: its source in a clone, and in the published package what was made of it. */
const FOLDER = join(import.meta.dirname, '../../console')

const TYPES: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'main.js': 'text/javascript; charset=utf-8',
  'main.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
}

/** The console loads nothing from elsewhere, sends nothing elsewhere, and is framed by nobody. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const

type Files = ReadonlyMap<string, Buffer>

/** Adds the console to the application of the control API. Its files are made when one is first asked for. */
export function addConsole(app: FastifyInstance): void {
  let files: Promise<Files> | undefined
  const fileOf = async (name: string): Promise<Buffer> => {
    files ??= readFiles()
    // What could not be bundled is tried again when it is asked for again.
    files.catch(() => (files = undefined))
    return (await files).get(name) ?? Buffer.alloc(0)
  }
  app.get('/console', async ({ raw }, reply) =>
    reply.redirect(`/console/${raw.url?.slice('/console'.length) ?? ''}`, 308),
  )
  for (const [name, type] of Object.entries(TYPES)) {
    app.get(`/console/${name === 'index.html' ? '' : name}`, async ({ raw }, reply) => {
      const content = await fileOf(name)
      const body = name === 'index.html' ? passTokenOn(content, raw.url ?? '') : content
      return reply.headers(HEADERS).type(type).send(body)
    })
  }
}

async function readFiles(): Promise<Files> {
  if (!existsSync(join(FOLDER, 'main.js'))) return bundleConsole(FOLDER, { minify: false })
  const names = [...STATIC_FILES, 'main.js', 'main.css']
  return new Map(names.map((name) => [name, readFileSync(join(FOLDER, name))]))
}

/** Off loopback a page is opened with the token in its address, and its parts need it too. */
function passTokenOn(page: Buffer, target: string): string {
  const token = new URLSearchParams(target.split('?')[1] ?? '').get('token')
  const query = token === null ? '' : `?token=${encodeURIComponent(token)}`
  return page
    .toString('utf8')
    .replaceAll(/(?<= (?:src|href)=")[\w.]+(?=")/g, (name) => name + query)
}
