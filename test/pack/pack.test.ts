import { strict as assert } from 'node:assert'
import { spawnSync } from 'node:child_process'
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { after, before, test } from 'node:test'

const PROJECT = resolve(import.meta.dirname, '../..')
// Two installations, so that neither package lives on the other's dependencies.
const SERVER = 'server/node_modules/coatcheck'
const CLIENT = 'client/node_modules/coatcheck-client'

interface Manifest {
  readonly engines: { readonly node: string }
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

const root = mkdtempSync(join(tmpdir(), 'coatcheck-pack-'))
after(() => rmSync(root, { recursive: true }))

// Lays the packages out as an installation would, with the dependencies that the project has already.
before(() => {
  execute('.', ['node', join(PROJECT, 'tools/pack.ts'), root])
  for (const folder of [SERVER, CLIENT]) {
    mkdirSync(join(root, folder), { recursive: true })
    const [tarball = ''] = globSync(`${basename(folder)}-[0-9]*.tgz`, { cwd: root })
    execute('.', ['tar', '-xzf', tarball, '-C', folder, '--strip-components=1'])
    for (const name of Object.keys(manifestOf(folder).dependencies)) {
      const link = join(root, dirname(folder), name)
      mkdirSync(dirname(link), { recursive: true })
      symlinkSync(join(PROJECT, 'node_modules', name), link)
    }
  }
})

test('the packages hold built code and its licence, and no source', () => {
  for (const folder of [SERVER, CLIENT]) {
    const files = globSync('**/*.*', { cwd: join(root, folder) })
    const sources = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    assert.deepEqual(sources, [])
    assert.match(
      readFileSync(join(root, folder, 'LICENSE'), 'utf8'),
      /Apache License\s+Version 2\.0/,
    )
  }
})

test('the server’s package runs on its user’s Node and has no install script', () => {
  const manifest = manifestOf(SERVER)
  assert.equal(manifest.engines.node, '>=24')
  for (const absent of ['optionalDependencies', 'devDependencies', 'scripts', 'private']) {
    assert.ok(!(absent in manifest), absent)
  }
})

test('the server’s command starts from its package', () => {
  assert.match(execute(SERVER, ['node', 'bin/coatcheck.js', '--help']), /coatcheck/)
})

test('clients of databases are optional peers, and one that is missing is said to be', () => {
  const { dependencies, peerDependencies = {}, peerDependenciesMeta = {} } = manifestOf(SERVER)
  assert.equal(peerDependencies['pg'], '^8')
  for (const name of Object.keys(peerDependencies)) {
    assert.equal(peerDependenciesMeta[name]?.optional, true, name)
    assert.ok(!(name in dependencies), name)
  }
  assert.equal(peerDependencies['@redis/client'], '^6')
  assert.equal(peerDependencies['pkcs11js'], '^2')
  for (const [store, says] of [
    ['postgres://127.0.0.1:1/coatcheck', /library of PostgreSQL is not installed\.\n.*pg@8/],
    ['redis://127.0.0.1:1', /library of Redis is not installed\.\n.*@redis\/client@6/],
  ] as const) {
    const args = ['bin/coatcheck.js', 'keys', 'init', '--store', store]
    const cwd = join(root, SERVER)
    const { status, stderr } = spawnSync('node', args, { cwd, encoding: 'utf8' })
    assert.equal(status, 1)
    assert.match(stderr, says)
  }
})

test('the server’s entry and the process that mints session keys are in its package', () => {
  execute('server', ['node', '--eval', `import('coatcheck')`])
  const helpers = globSync('dist/keys/mint-session-keys.js', { cwd: join(root, SERVER) })
  assert.equal(helpers.length, 1)
})

test('the console is in the server’s package, bundled, and what bundles it is not needed there', () => {
  const console = globSync('dist/console/*', { cwd: join(root, SERVER) })
  assert.deepEqual(console.map((file) => basename(file)).toSorted(), [
    'icon.svg',
    'index.html',
    'main.css',
    'main.js',
  ])
  const { dependencies } = manifestOf(SERVER)
  assert.deepEqual(
    ['esbuild', 'preact'].filter((name) => name in dependencies),
    [],
  )
})

test('the server’s package has the entry for tests, which starts an emulator', () => {
  const use = `const { startCoatcheck } = await import('coatcheck/testing')
    const coatcheck = await startCoatcheck()
    await coatcheck.createToken()
    await coatcheck.stop()`
  execute('server', ['node', '--input-type=module', '--eval', use])
})

test('the client’s package holds the client and what it shares with the server, and needs jose alone', () => {
  assert.deepEqual(Object.keys(manifestOf(CLIENT).dependencies), ['jose'])
  const contents = globSync('dist/*', { cwd: join(root, CLIENT) })
  const shared = /^dist\/(?:client|protocol|http-signature|card|errors\.(?:js|d\.ts))$/
  assert.deepEqual(
    contents.filter((name) => !shared.test(name)),
    [],
  )
})

test('the client’s package can be imported, and has types for a strict consumer', () => {
  const names = execute('client', [
    'node',
    '--print',
    `Object.keys(require('coatcheck-client')).length`,
  ])
  assert.ok(Number(names) > 0, names)
  writeFileSync(join(root, 'client/use.mts'), `export * from 'coatcheck-client'`)
  const strict = ['--strict', '--module', 'nodenext', '--lib', 'es2024,dom', '--types', '']
  execute('client', ['tsc', '--noEmit', '--ignoreConfig', ...strict, 'use.mts'])
})

function manifestOf(folder: string): Manifest {
  const manifest: Manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  return manifest
}

function execute(folder: string, [command = '', ...args]: readonly string[]): string {
  const cwd = join(root, folder)
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  assert.equal(status, 0, `${command} ${args.join(' ')}\n${stdout}${stderr}`)
  return stdout
}
