import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { BUNDLED_MERCHANT } from '../../src/dev/seed.ts'
import { makeFolder, run, type Ended, type Start } from '../process.ts'
import { makeVault, serveArgs, type MadeVault } from '../vault.ts'

let vault: MadeVault
before(async () => {
  vault = await makeVault(0)
})

/** Runs `serve` over a vault that lacks nothing but what the arguments and the environment spoil. */
function serveWith(t: TestContext, args: readonly string[], start: Start = {}): Promise<Ended> {
  return run(t, [...serveArgs(vault), ...args], start)
}

/** Asserts that a command was refused with a sentence and its remedy, and returns them. */
function refusal({ code, stdout, stderr }: Ended, expected = 1): string {
  assert.equal(code, expected, stderr)
  assert.equal(stdout, '')
  assert.match(stderr, /^coatcheck: \S.*[.:]\n {2}\S/)
  assert.doesNotMatch(stderr, /^ +at /m)
  return stderr
}

test('serve says everything that is missing at once', async (t) => {
  const folder = makeFolder()
  const stderr = refusal(await run(t, ['serve', '--host', '0.0.0.0'], { folder }))
  assert.match(stderr, /^coatcheck: 3 things are missing:\n/)
  assert.match(stderr, /^ {2}- There is no public origin\. Set --origin or COATCHECK_ORIGIN /m)
  assert.match(stderr, /^ {2}- The vault would listen beyond this machine without TLS\. /m)
  assert.match(
    stderr,
    /^ {2}- The root key file coatcheck-root\.key cannot be read\. Run "coatcheck keys init"/m,
  )
  assert.equal(stderr.trimEnd().split('\n').length, 5)
})

const SPOILED: readonly {
  readonly title: string
  readonly args: readonly string[]
  readonly says: RegExp
}[] = [
  {
    title: 'a public origin of http',
    args: ['--origin', 'http://pay.example.com'],
    says: /^coatcheck: The public origin is not an https origin without a path\.$/m,
  },
  {
    title: 'a public origin with a path',
    args: ['--origin', 'https://pay.example.com/flex'],
    says: /^coatcheck: The public origin is not an https origin without a path\.$/m,
  },
  {
    title: 'an address beyond this machine without a proxy',
    args: ['--host', '0.0.0.0'],
    says: /^coatcheck: The vault would listen beyond this machine without TLS\.$/m,
  },
  {
    title: 'a proxy that is no address',
    args: ['--host', '0.0.0.0', '--proxies', 'everybody'],
    says: /^coatcheck: A proxy is not given by its address\.$/m,
  },
  {
    title: 'one port for both listeners',
    args: ['--port', '4444', '--operator-port', '4444'],
    says: /^coatcheck: Port 4444 is wanted by both listeners: the two ports must differ\.\n {2}Set --op/m,
  },
  {
    title: 'one port for both listeners, one of which listens on every address',
    args: '--port 4444 --operator-port 4444 --host 0.0.0.0 --proxies 10.0.0.1'.split(' '),
    says: /^coatcheck: Port 4444 is wanted by both listeners/m,
  },
]

for (const { title, args, says } of SPOILED) {
  test(`serve refuses ${title}`, async (t) => {
    assert.match(refusal(await serveWith(t, args)), says)
  })
}

test('a damaged vault.db is not to be restored: serve, keys and doctor say what to delete', async (t) => {
  const { data, rootKeyFile, ...made } = await makeVault(0)
  writeFileSync(join(data, 'vault.db'), randomBytes(8192))
  const place = ['--data', data, '--root-key-file', rootKeyFile]
  const says =
    /vault\.db is damaged or not a database\.\s+With nothing running, delete vault\.db, vault\.db-wal and vault\.db-shm: .* save what "coatcheck audit list" still reads/
  assert.match(refusal(await run(t, serveArgs({ data, rootKeyFile, ...made }))), says)
  assert.match(refusal(await run(t, ['keys', 'list', ...place])), says)
  const diagnosis = await run(t, ['doctor', '--no-measure', ...place])
  assert.equal(diagnosis.code, 1)
  assert.match(diagnosis.stdout, says)
  rmSync(join(data, 'vault.db'))
  const healed = await run(t, ['keys', 'list', ...place])
  assert.equal(healed.code, 0, healed.stderr)
})

test('serve refuses a store without a merchant', async (t) => {
  const folder = makeFolder()
  await run(t, ['keys', 'init'], { folder })
  const stderr = refusal(await run(t, ['serve', '--origin', 'https://pay.example.com'], { folder }))
  assert.equal(stderr, 'coatcheck: There is no merchant.\n  Run "coatcheck merchants add <id>".\n')
})

for (const [title, merchant] of [
  ['the credential of dev mode', { keyId: BUNDLED_MERCHANT.keyId }],
  [
    'the secret of dev mode under another key id',
    { secret: Buffer.from(BUNDLED_MERCHANT.secret, 'base64') },
  ],
] as const) {
  test(`serve refuses a merchant with ${title}`, async (t) => {
    const made = await makeVault(0, merchant)
    const stderr = refusal(await run(t, serveArgs(made)))
    assert.match(stderr, /^coatcheck: A merchant has the published credential of dev mode\.$/m)
  })
}

const OPENED: readonly { readonly title: string; readonly start: Start; readonly names: string }[] =
  [
    {
      title: '--inspect',
      start: { nodeOptions: ['--inspect=127.0.0.1:0'] },
      names: '--inspect',
    },
    {
      title: '--inspect in NODE_OPTIONS',
      start: { environment: { NODE_OPTIONS: '--no-warnings --inspect=127.0.0.1:0' } },
      names: '--inspect',
    },
    {
      title: '--inspect_port, spelt with an underscore',
      start: { nodeOptions: ['--inspect_port=0'] },
      names: '--inspect-port',
    },
    {
      title: 'heap snapshots on a signal, quoted in NODE_OPTIONS',
      start: { environment: { NODE_OPTIONS: '"--heapsnapshot-signal=SIGUSR2"' } },
      names: '--heapsnapshot-signal',
    },
  ]

for (const { title, start, names } of OPENED) {
  test(`serve refuses to run with ${title}`, async (t) => {
    const { code, stderr } = await serveWith(t, [], start)
    assert.equal(code, 1)
    const sentence = new RegExp(`^coatcheck: The vault does not run with ${names}\\S*: `, 'm')
    assert.match(stderr, sentence)
  })
}

test('serve says that its port is in use, and ends with all its processes', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? String(address?.port) : ''
  for (const flag of ['--port', '--operator-port']) {
    const args = serveArgs(vault)
    const onPort = args.with(args.indexOf(flag) + 1, port)
    const { code, stderr } = await run(t, onPort)
    const problem = `Port ${port} of 127.0.0.1 is in use.`
    const fix = `Stop the other program, or name another port with ${flag} (0 takes a free one).`
    assert.deepEqual([code, stderr], [1, `coatcheck: ${problem}\n  ${fix}\n`])
    const toPrograms = await run(t, [...onPort, '--json'])
    assert.equal(toPrograms.code, 1)
    assert.deepEqual(JSON.parse(toPrograms.stderr), { error: { problem, fix } })
  }
})

test('a refusal leaves no files beside those of the store', async (t) => {
  await serveWith(t, ['--origin', 'http://pay.example.com'])
  assert.deepEqual(readdirSync(vault.data).toSorted(), ['coatcheck.db', 'root.key', 'vault.db'])
  const other = await makeVault(0)
  const { stderr } = await serveWith(t, ['--root-key-file', other.rootKeyFile])
  assert.match(stderr, /^coatcheck: The root key does not open this store\.$/m)
  assert.deepEqual(readdirSync(vault.data).toSorted(), ['coatcheck.db', 'root.key', 'vault.db'])
})

test('a text that is no root key is refused and not repeated', async (t) => {
  const environment = { COATCHECK_ROOT_KEY: 'bm90IGEgcm9vdCBrZXk=' }
  const args = serveArgs({ ...vault, rootKeyFile: '' })
  const stderr = refusal(await run(t, args, { environment }))
  assert.match(stderr, /^coatcheck: COATCHECK_ROOT_KEY does not hold a root key\.$/m)
  assert.equal(stderr.includes('bm90'), false)
})

test('flags win over the environment, that over the file, that over the defaults', async (t) => {
  const folder = makeFolder()
  const file = join(folder, 'coatcheck.json')
  writeFileSync(file, JSON.stringify({ rootKeyFile: 'of-file.key', origin: 'https://of.file' }))
  const environment = { COATCHECK_ROOT_KEY_FILE: 'of-environment.key' }
  const args = ['serve', '--data', 'data']
  const origin = ['--origin', 'https://of.flag']
  const named = async (more: readonly string[], start: Start = {}): Promise<string> => {
    const stderr = refusal(await run(t, [...args, ...more], { folder, ...start }))
    return /The root key file (\S+) cannot be read/.exec(stderr)?.[1] ?? stderr
  }
  assert.equal(await named(origin), 'coatcheck-root.key')
  assert.equal(await named(['--config', file]), 'of-file.key')
  assert.equal(await named(['--config', file], { environment }), 'of-environment.key')
  const flags = [...origin, '--config', file, '--root-key-file', 'of-flag.key']
  assert.equal(await named(flags, { environment }), 'of-flag.key')
})

test('a root key in the environment wins over a file that the configuration file names, and no flag', async (t) => {
  const folder = makeFolder()
  writeFileSync(join(folder, 'coatcheck.json'), '{"rootKeyFile": "of-file.key"}')
  const other = await makeVault(0)
  const key = readFileSync(other.rootKeyFile, 'utf8').trim()
  const start = { folder, environment: { COATCHECK_ROOT_KEY: key } }
  const init = (...args: readonly string[]): Promise<Ended> =>
    run(t, ['keys', 'init', '--json', ...args], start)
  const ofFlag = await init('--data', 'a', '--root-key-file', 'of-flag.key')
  const made = JSON.parse(ofFlag.stdout) as Record<string, unknown>
  assert.deepEqual([ofFlag.code, made['rootKeyFile']], [0, 'of-flag.key'])
  assert.notEqual(readFileSync(join(folder, 'of-flag.key'), 'utf8').trim(), key)
  const ofFile = await init('--data', 'b', '--config', 'coatcheck.json')
  assert.deepEqual([ofFile.code, existsSync(join(folder, 'of-file.key'))], [0, false])

  const list = ['keys', 'list', '--data', other.data]
  assert.equal((await run(t, list, start)).code, 0)
  const wrong = refusal(await run(t, [...list, '--root-key-file', 'of-flag.key'], start))
  assert.match(wrong, /^coatcheck: The root key does not open this store\.$/m)
  const environment = { ...start.environment, COATCHECK_ROOT_KEY_FILE: other.rootKeyFile }
  const twice = refusal(await run(t, list, { environment }))
  assert.match(
    twice,
    /^coatcheck: The root key is given twice, by COATCHECK_ROOT_KEY and by COATCHECK_ROOT_KEY_FILE\.\n {2}Unset/,
  )
  const named = await run(t, [...list, '--root-key-file', other.rootKeyFile], { environment })
  assert.equal(named.code, 0, named.stderr)
})

interface Misconfigured {
  readonly title: string
  readonly file?: unknown
  readonly environment?: Record<string, string>
  readonly args?: readonly string[]
  readonly code?: number
  readonly says: RegExp
}

const MISCONFIGURED: readonly Misconfigured[] = [
  {
    title: 'an unknown setting in the file',
    file: { port: 0, prot: 1 },
    says: /has an unknown setting "prot"\.\n {2}Did you mean port\? Known are: host, port, /,
  },
  {
    title: 'an unknown variable in the environment',
    environment: { COATCHECK_PROT: '1' },
    says: /^coatcheck: The environment has an unknown variable COATCHECK_PROT\.\n {2}Did you mean COATCHECK_PORT\? Known are: COATCHECK_HOST, .*COATCHECK_ROOT_KEY/,
  },
  ...['COATCHECK_SERVICE_HOST', 'COATCHECK_PORT_4010_TCP_ADDR'].map((name) => ({
    title: `${name}, as Kubernetes sets it for a Service named coatcheck`,
    environment: { COATCHECK_PORT: 'tcp://10.0.0.1:4010', [name]: '10.0.0.1' },
    says: /^coatcheck: The environment has an unknown variable \w+\.\n {2}.*set enableServiceLinks to false/,
  })),
  {
    title: 'a value of the wrong form in the file',
    file: { workers: 'two' },
    says: /^coatcheck: The setting workers .*\n.*"workers"/,
  },
  {
    title: 'a value of the wrong form in the environment',
    environment: { COATCHECK_KEY_WAIT_MILLISECONDS: '2s' },
    says: /^coatcheck: The setting keyWaitMilliseconds .*\n.*COATCHECK_KEY_WAIT_MILLISECONDS/,
  },
  {
    title: 'a value of the wrong form in a flag',
    args: ['--port', '65536'],
    code: 2,
    says: /^coatcheck: The setting port .*\n.*--port/,
  },
  ...['foo', '*', 'https://a.example/', 'https://a.example/path', 'http://a.example'].map(
    (origin) => ({
      title: `the page origin ${origin}`,
      code: 2,
      args: ['--page-origins', `https://shop.example.com,${origin}`],
      says: /^coatcheck: The setting pageOrigins .* is not https origins without a path, .*\n {2}Correct --page-origins\.\n$/,
    }),
  ),
  {
    title: 'a page origin with a path in the file',
    file: { pageOrigins: ['https://a.example/path'] },
    says: /^coatcheck: The setting pageOrigins .*\n {2}Correct "pageOrigins" in the configuration file\.\n$/,
  },
  {
    title: 'a file that holds no object',
    file: [1],
    says: /^coatcheck: The configuration file .* holds no JSON object\.$/m,
  },
]

for (const { title, file, environment = {}, args = [], code, says } of MISCONFIGURED) {
  test(`serve refuses ${title}`, async (t) => {
    const folder = makeFolder()
    const path = join(folder, 'coatcheck.json')
    writeFileSync(path, JSON.stringify(file ?? {}))
    const config = file === undefined ? [] : ['--config', path]
    const ended = await run(t, ['serve', ...config, ...args], { folder, environment })
    assert.match(refusal(ended, code), says)
  })
}

test('an unknown flag is a mistake in usage: exit code 2', async (t) => {
  const { code, stderr } = await run(t, ['serve', '--prot', '1'])
  assert.equal(code, 2)
  assert.match(stderr, /unknown option '--prot'/)
})
