import { dirname, relative, resolve, sep } from 'node:path'

// Two rules that oxlint has no options for: which folder of src/ may import which, and who may ask for the time.

/** From left to right: a folder, or a file directly in src/, imports only what stands in a group to its left. */
const ORDER: readonly (readonly string[])[] = [
  ['errors', 'card'],
  ['protocol', 'http-signature'],
  ['clock-and-random', 'secret', 'nearest', 'repeat', 'system-error'],
  ['jose'],
  ['store'],
  ['audit', 'telemetry', 'limits'],
  ['hsm'],
  ['keys', 'merchant', 'session'],
  ['actions'],
  ['http', 'inspect'],
  ['setting-kinds', 'configuration-file'],
  ['setting-table'],
  ['service', 'config'],
  ['dev'],
  ['certificates'],
  ['index', 'cli'],
]

/** What stands beside the order: nothing in it imports these, and they import what is listed. */
const SIDE_TREES: ReadonlyMap<string, readonly string[]> = new Map([
  ['client', ['protocol', 'http-signature', 'errors']],
  ['hosted-fields', ['protocol', 'card', 'errors']],
  ['console', ['client', 'protocol']],
  [
    'testing',
    ['errors', 'protocol', 'clock-and-random', 'jose', 'keys', 'merchant', 'dev', 'client'],
  ],
])

/** Who in the order uses a side tree: the commands are users of the service like any other. */
const USERS_OF_SIDE_TREES: ReadonlyMap<string, readonly string[]> = new Map([['cli', ['client']]])

/** The only files and folders that may import dev/, so that `serve` never loads what only the emulator has. */
const IMPORTERS_OF_DEV: readonly string[] = ['cli/dev.ts', 'cli/banner.ts', 'testing/']

/** Where a process begins and may bring in the machine's own clock and randomness. */
const COMPOSITION_ROOTS: readonly string[] = [
  'service.ts',
  'dev/emulator.ts',
  'testing/start-coatcheck.ts',
  'cli/',
  'keys/mint-session-keys.ts',
]

const CLOCK_AND_RANDOM = 'clock-and-random.ts'
const RANDOM_FUNCTIONS: readonly string[] = [
  'getRandomValues',
  'randomBytes',
  'randomFill',
  'randomFillSync',
  'randomInt',
  'randomUUID',
]
const AMBIENT_MEMBERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['Date', ['now']],
  ['Math', ['random']],
  ['crypto', RANDOM_FUNCTIONS],
  ['webcrypto', RANDOM_FUNCTIONS],
])
const PASS_IT_IN =
  'Time and randomness are arguments: take `now: Now` or `random: Random` of src/clock-and-random.ts.'

interface Node {
  readonly type: string
  readonly name?: string
  readonly value?: unknown
}
interface Importing {
  readonly source: Node | null
}
interface ImportSpecifier extends Node {
  readonly imported?: Node
}
interface ImportDeclaration extends Importing {
  readonly source: Node
  readonly specifiers: readonly ImportSpecifier[]
}
interface MemberExpression extends Node {
  readonly object: Node & { readonly property?: Node }
  readonly property: Node
}
interface Invocation {
  readonly callee: Node
  readonly arguments: readonly Node[]
}
interface Context {
  readonly filename: string
  report(problem: { readonly node: object; readonly message: string }): void
}

const SOURCE_ROOT = resolve(import.meta.dirname, '../src')

const importOrder = {
  create(context: Context): object {
    const importer = pathInSource(context.filename)
    if (importer === undefined) return {}
    const check = (node: Importing): void => {
      if (typeof node.source?.value !== 'string' || !node.source.value.startsWith('.')) return
      const imported = pathInSource(resolve(dirname(context.filename), node.source.value))
      const message = faultOfImport(importer, imported)
      if (message !== undefined) context.report({ node: node.source, message })
    }
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
      TSImportType: check,
    }
  },
}

const timeAndRandomness = {
  create(context: Context): object {
    const file = pathInSource(context.filename)
    if (file === undefined || file === CLOCK_AND_RANDOM) return {}
    const report = (node: object): void => context.report({ node, message: PASS_IT_IN })
    return {
      NewExpression(node: Invocation) {
        if (node.callee.name === 'Date' && node.arguments.length === 0) report(node)
      },
      CallExpression(node: Invocation) {
        if (node.callee.name === 'Date') report(node)
      },
      MemberExpression(node: MemberExpression) {
        if (isAmbientMember(node)) report(node)
      },
      ImportDeclaration(node: ImportDeclaration) {
        for (const specifier of node.specifiers) {
          if (isAmbientImport(file, node, specifier)) report(specifier)
        }
      },
    }
  },
}

function pathInSource(path: string): string | undefined {
  const inside = relative(SOURCE_ROOT, path).split(sep).join('/')
  return inside.startsWith('..') ? undefined : inside
}

function faultOfImport(importer: string, imported: string | undefined): string | undefined {
  if (imported === undefined) return 'Nothing in src/ imports a file outside src/.'
  const [from, to] = [placeOf(importer), placeOf(imported)]
  if (from === to) return undefined
  if (to === 'dev' && !IMPORTERS_OF_DEV.some((path) => importer.startsWith(path))) {
    return `Only ${IMPORTERS_OF_DEV.join(' and ')} may import dev/: what only the emulator has wraps the rest from outside.`
  }
  const allowed = importableFrom(from)
  if (allowed === undefined)
    return `src/${from} has no place in the order of tools/oxlint-boundaries.ts.`
  if (allowed.includes(to)) return undefined
  return `${from} must not import ${to}; it may import: ${allowed.join(', ') || 'nothing'}. Move the code, or pass the value in.`
}

/** Returns the folder of a path in src/, or the name of a file that stands directly in it. */
function placeOf(path: string): string {
  const slash = path.indexOf('/')
  return slash === -1 ? path.replace(/\.[a-z]+$/, '') : path.slice(0, slash)
}

function importableFrom(place: string): readonly string[] | undefined {
  const group = ORDER.findIndex((names) => names.includes(place))
  if (group === -1) return SIDE_TREES.get(place)
  return [...ORDER.slice(0, group).flat(), ...(USERS_OF_SIDE_TREES.get(place) ?? [])]
}

function isAmbientMember({ object, property }: MemberExpression): boolean {
  const owner = object.name ?? object.property?.name ?? ''
  const member = property.name ?? property.value
  return AMBIENT_MEMBERS.get(owner)?.some((name) => name === member) === true
}

function isAmbientImport(
  file: string,
  node: ImportDeclaration,
  specifier: ImportSpecifier,
): boolean {
  const source = String(node.source.value)
  const name = specifier.imported?.name
  // A whole-module import would hide which of its functions are used.
  if (/^(node:)?crypto$/.test(source)) return name === undefined || RANDOM_FUNCTIONS.includes(name)
  if (!source.endsWith(`/${CLOCK_AND_RANDOM}`) || name?.startsWith('system') !== true) return false
  return !COMPOSITION_ROOTS.some((root) => file.startsWith(root))
}

// oxlint-disable-next-line import/no-default-export -- the plugin contract asks for a default export
export default {
  meta: { name: 'boundaries' },
  rules: { 'import-order': importOrder, 'time-and-randomness': timeAndRandomness },
}
