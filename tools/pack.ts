import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { build, type BuildOptions } from 'esbuild'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { bundleConsole } from '../src/dev/bundle-console.ts'
import manifest from '../package.json' with { type: 'json' }

// `npm run build [-- folder]`: packs the one source tree as two packages, ready to publish, into dist/ or the folder.

interface Package {
  readonly name: string
  /** What it is compiled with. */
  readonly tsconfig: string
  /** Only what these import is packed. */
  readonly entries: readonly string[]
  readonly files: readonly string[]
  readonly manifest: Readonly<Record<string, unknown>>
  /** Works on what was compiled. */
  finish(dist: string): Promise<void>
  /** Returns what forbids publishing. */
  check(dist: string): Promise<readonly string[]>
}

const PROJECT = resolve(import.meta.dirname, '..')
const DEVELOPMENT_ONLY: readonly string[] = [
  'private',
  'scripts',
  'devDependencies',
  'optionalDependencies',
  'allowScripts',
]
/** What a clone bundles the console with, and a package has it bundled. */
const BUNDLING_ONLY: readonly string[] = ['esbuild', 'preact']
const CLIENT_ENTRY = 'client/index.js'
const CLIENT_CONTENTS = /^(?:client|protocol|http-signature|card)\/|^errors\./
const CLIENT_LIMIT_BYTES = 50_000

const SERVER: Package = {
  name: 'coatcheck',
  tsconfig: 'tsconfig.json',
  entries: [
    'src/index.ts',
    'src/testing/index.ts',
    'src/cli/main.ts',
    'src/keys/mint-session-keys.ts',
  ],
  files: ['bin', 'LICENSE', 'README.md', 'SECURITY.md'],
  manifest: {
    ...Object.fromEntries(
      Object.entries(manifest).filter(([key]) => !DEVELOPMENT_ONLY.includes(key)),
    ),
    dependencies: Object.fromEntries(
      Object.entries(manifest.dependencies).filter(([name]) => !BUNDLING_ONLY.includes(name)),
    ),
    exports: { '.': built('index'), './testing': built('testing/index') },
  },
  finish: addConsole,
  check: () => Promise.resolve([]),
}

const CLIENT: Package = {
  name: 'coatcheck-client',
  tsconfig: 'tsconfig.browser.json',
  entries: ['src/client/index.ts'],
  files: ['LICENSE'],
  manifest: {
    name: 'coatcheck-client',
    version: manifest.version,
    description: 'Client for Coatcheck and other services that speak Flex API v2',
    license: manifest.license,
    type: 'module',
    sideEffects: false,
    exports: { '.': built('client/index') },
    engines: { node: '>=20' },
    dependencies: { jose: `^${manifest.dependencies.jose}` },
  },
  finish: bundleClient,
  check: checkClient,
}

function built(path: string): object {
  return { types: `./dist/${path}.d.ts`, default: `./dist/${path}.js` }
}

async function pack(pkg: Package, out: string): Promise<readonly string[]> {
  const folder = join(out, pkg.name)
  const dist = join(folder, 'dist')
  const tarball = join(out, `${pkg.name}-${manifest.version}.tgz`)
  rmSync(folder, { recursive: true, force: true })
  rmSync(tarball, { force: true })
  mkdirSync(folder, { recursive: true })
  // The bundler must see `sideEffects` to leave unused modules out.
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(pkg.manifest, undefined, 2)}\n`)
  compile(pkg, folder)
  await pkg.finish(dist)
  for (const file of pkg.files.filter((name) => existsSync(join(PROJECT, name)))) {
    cpSync(join(PROJECT, file), join(folder, file), { recursive: true })
  }
  execute('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', out], folder)
  const sizes = [statSync(tarball).size, bytesOf(dist, '**/*.js'), bytesOf(dist, '**/*.d.ts')]
  const [packed, code, types] = sizes.map(kilobytes)
  console.log(`${basename(tarball)}: ${packed} packed; ${code} of code, ${types} of types`)
  const problems = [...(await lint(tarball)), ...checkRuntime(tarball), ...(await pkg.check(dist))]
  return problems.map((problem) => `${pkg.name}: ${problem}`)
}

/** Emits JavaScript and declarations to `dist` in the folder. */
function compile(pkg: Package, folder: string): void {
  const project = join(folder, 'tsconfig.json')
  const configuration = {
    extends: join(PROJECT, pkg.tsconfig),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      rootDir: join(PROJECT, 'src'),
      outDir: join(folder, 'dist'),
      typeRoots: [join(PROJECT, 'node_modules/@types')],
    },
    include: [],
    files: pkg.entries.map((entry) => join(PROJECT, entry)),
  }
  writeFileSync(project, JSON.stringify(configuration))
  execute('tsc', ['-p', project], PROJECT)
  rmSync(project)
}

async function lint(tarball: string): Promise<readonly string[]> {
  const bytes = new Uint8Array(readFileSync(tarball))
  const { messages, pkg } = await publint({ strict: true, pack: { tarball: bytes.buffer } })
  return messages.map((message) => formatMessage(message, pkg, { color: false }) ?? message.code)
}

/** Users have a Node already; the one that a clone brings along is 189 MB. */
function checkRuntime(tarball: string): readonly string[] {
  const packed = execute('tar', ['-xzOf', tarball, 'package/package.json'], PROJECT)
  return packed.includes('node-linux-') ? ['package.json names node-linux-*'] : []
}

/** Adds the console, bundled: nothing of its source is packed. */
async function addConsole(dist: string): Promise<void> {
  const folder = join(dist, 'console')
  mkdirSync(folder, { recursive: true })
  const files = await bundleConsole(join(PROJECT, 'src/console'), { minify: true })
  for (const [name, content] of files) writeFileSync(join(folder, name), content)
  console.log(`${SERVER.name}: ${kilobytes(bytesOf(folder, '*'))} of console`)
}

/** Leaves out what the client imports and never runs, such as the card networks and their dependency. */
async function bundleClient(dist: string): Promise<void> {
  const modules = globSync('**/*.js', { cwd: dist })
  const outfile = join(dist, CLIENT_ENTRY)
  await build({ ...bundling(dist), outfile, allowOverwrite: true })
  for (const file of modules.filter((module) => module !== CLIENT_ENTRY)) rmSync(join(dist, file))
}

async function checkClient(dist: string): Promise<readonly string[]> {
  const options = { ...bundling(dist), minify: true, metafile: true, write: false } as const
  const { metafile, outputFiles } = await build(options)
  const minifiedBytes = outputFiles.reduce((sum, file) => sum + file.contents.length, 0)
  console.log(`${CLIENT.name}: ${kilobytes(minifiedBytes)} minified, without jose`)
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports)
  const strangers = new Set(
    imports.map(({ path }) => path).filter((path) => !/^jose(?:$|\/)/.test(path)),
  )
  const strays = globSync('**/*.*', { cwd: dist }).filter((file) => !CLIENT_CONTENTS.test(file))
  return [
    ...[...strangers].map((name) => `imports ${name}; its only dependency is jose`),
    ...strays.map((file) => `contains ${file}, which is no part of the client`),
    ...excess('code', bytesOf(dist, '**/*.js')),
    ...excess('minified code', minifiedBytes),
  ]
}

function bundling(dist: string): BuildOptions {
  return {
    // Where the names in the bundle's comments start from.
    absWorkingDir: dist,
    entryPoints: [CLIENT_ENTRY],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    packages: 'external',
  }
}

function excess(what: string, bytes: number): readonly string[] {
  if (bytes <= CLIENT_LIMIT_BYTES) return []
  return [`${kilobytes(bytes)} of ${what} are more than ${kilobytes(CLIENT_LIMIT_BYTES)}`]
}

function bytesOf(folder: string, glob: string): number {
  const files = globSync(glob, { cwd: folder })
  return files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0)
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`
}

function execute(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} failed`, { cause: error ?? `${stdout}${stderr}` })
  return stdout
}

const out = resolve(process.argv[2] ?? join(PROJECT, 'dist'))
const problems = [...(await pack(SERVER, out)), ...(await pack(CLIENT, out))]
for (const problem of problems) console.error(`✖ ${problem}`)
process.exitCode = problems.length > 0 ? 1 : 0
