import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { ServerCertificate } from '../../src/certificates/constrained-authority.ts'
import { requirePeer } from '../peers.ts'
import { launchProgram, makeFolder, PROJECT, until } from '../process.ts'
import { findPort } from '../store/postgres-server.ts'
import type { Replicas } from './replicas.ts'

/** A proxy whose configuration is in `examples/`. */
export interface Proxy {
  readonly name: string
  /** The file in `examples/`. */
  readonly example: string
  readonly howToInstall: string
  arguments(configuration: string): readonly string[]
}

/** haproxy. */
export const HAPROXY: Proxy = {
  name: 'haproxy',
  example: 'haproxy.cfg',
  howToInstall: 'install the package haproxy',
  arguments: (configuration) => ['-db', '-f', configuration],
}

/** nginx. */
export const NGINX: Proxy = {
  name: 'nginx',
  example: 'nginx.conf',
  howToInstall: 'install the package nginx-light',
  arguments: (configuration) => {
    const folder = join(configuration, '..')
    const directives = 'daemon off; pid nginx.pid;'
    return ['-c', configuration, '-p', folder, '-e', 'stderr', '-g', directives]
  },
}

/** Tells whether a test can go on with a proxy. */
export function hasProxy(t: TestContext, { name, howToInstall }: Proxy): boolean {
  const found = spawnSync(findProgram(name), ['-v']).status === 0
  return requirePeer(t, name, { found, howToInstall })
}

/** Not every user has the folder of daemons in the path. */
function findProgram(name: string): string {
  return spawnSync(name, ['-v']).error === undefined ? name : `/usr/sbin/${name}`
}

/** Starts a proxy in front of two replicas with its example, only addresses and files replaced; returns its URL. */
export async function startProxy(
  t: TestContext,
  proxy: Proxy,
  {
    replicas,
    certificate,
  }: { readonly replicas: Replicas; readonly certificate: ServerCertificate },
): Promise<string> {
  const folder = makeFolder()
  const { certificatePem, keyPem } = certificate
  for (const [name, pem] of [
    ['pay.example.com.crt', certificatePem],
    ['pay.example.com.key', keyPem],
    ['pay.example.com.pem', certificatePem + keyPem],
  ] as const) {
    writeFileSync(join(folder, name), pem, { mode: 0o600 })
  }
  const port = await findPort()
  const configuration = join(folder, proxy.example)
  const example = readFileSync(join(PROJECT, 'examples', proxy.example), 'utf8')
  const own = { '0.0.0.0:443': `127.0.0.1:${port}`, [`/etc/${proxy.name}/`]: `${folder}/` }
  writeFileSync(configuration, fillIn(example, { ...own, ...addresses(replicas) }))
  const command = [findProgram(proxy.name), ...proxy.arguments(configuration)]
  const running = launchProgram(t, command, { folder })
  const url = `https://127.0.0.1:${port}`
  await until(() => answers(`${url}/flex/v2/public-keys/k1`), running)
  return url
}

/** The addresses of the examples, and those of the replicas. */
function addresses(replicas: Replicas): Readonly<Record<string, string>> {
  const pairs = ['10.0.0.11', '10.0.0.12'].flatMap((address, index) => {
    const { port, operatorUrl } = replicas.get(index).ready
    const operators = new URL(operatorUrl)
    return [
      [`addr ${address} port 4011`, `addr ${operators.hostname} port ${operators.port}`],
      [`${address}:4010`, `127.0.0.1:${port}`],
    ] as const
  })
  return Object.fromEntries(pairs)
}

function fillIn(example: string, replacements: Readonly<Record<string, string>>): string {
  let filled = example
  for (const [placeholder, value] of Object.entries(replacements)) {
    filled = filled.replaceAll(placeholder, value)
  }
  assert.doesNotMatch(filled, /\b10\.0\.0\.|\/etc\//, 'every placeholder is filled')
  return filled
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ status }) => status === 200,
    () => false,
  )
}
