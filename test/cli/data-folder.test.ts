import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { before, test } from 'node:test'
import { systemClock, systemRandom } from '../../src/clock-and-random.ts'
import { seed } from '../../src/dev/seed.ts'
import { createRootKeyFile } from '../../src/keys/root-key.ts'
import { SITE } from '../../src/service.ts'
import type { Mode } from '../../src/store/contract.ts'
import { MEND_PASSING } from '../../src/store/sqlite-file.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { makeFolder, run } from '../process.ts'

const SEEDED: Record<Mode, string> = { dev: makeFolder(), serve: makeFolder() }

before(async () => {
  for (const mode of ['dev', 'serve'] as const) {
    const folder = SEEDED[mode]
    const store = openSqliteStore({ folder, mode, now: systemClock })
    const rootKey = createRootKeyFile(join(folder, 'root.key'), systemRandom.bytes)
    await seed({ store, rootKey, now: systemClock, random: systemRandom, site: SITE.digits })
    await store.close()
  }
})

/** Makes a folder that an earlier run has left. */
function usedFolder(mode: Mode): string {
  const folder = makeFolder()
  cpSync(SEEDED[mode], folder, { recursive: true })
  return folder
}

/** Everything that a path holds: names, modes and hashes of contents. */
function inventory(path: string): readonly string[] {
  if (!statSync(path).isDirectory()) return [describe(path)]
  return readdirSync(path)
    .toSorted()
    .map((name) => `${name} ${describe(join(path, name))}`)
}

function describe(file: string): string {
  const hash = createHash('sha256').update(readFileSync(file)).digest('hex')
  return `${(statSync(file).mode & 0o777).toString(8)} ${hash}`
}

interface Refused {
  readonly title: string
  /** Makes what `--data` will name. */
  make(): string
  /** The sentences, without the path. */
  readonly problem: string
  readonly fix: string
}

const REFUSED: readonly Refused[] = [
  {
    title: 'a data folder of serve',
    make: () => usedFolder('serve'),
    problem: 'DATA/coatcheck.db belongs to "coatcheck serve".',
    fix: '"coatcheck dev" needs a data folder of its own: name it with --data.',
  },
  {
    title: 'a damaged database',
    make: () => {
      const folder = usedFolder('dev')
      writeFileSync(join(folder, 'coatcheck.db'), randomBytes(8192))
      return folder
    },
    problem: 'DATA/coatcheck.db is damaged or not a database.',
    fix: 'Restore it from a backup, or name another folder with --data; nothing was changed.',
  },
  {
    title: 'a damaged database of what lives for minutes',
    make: () => {
      const folder = usedFolder('dev')
      writeFileSync(join(folder, 'vault.db'), 'no database')
      return folder
    },
    problem: 'DATA/vault.db is damaged or not a database.',
    fix: MEND_PASSING,
  },
  {
    title: 'a database of another program',
    make: () => {
      const folder = makeFolder()
      const db = new DatabaseSync(join(folder, 'coatcheck.db'))
      db.exec('CREATE TABLE songs (name TEXT); INSERT INTO songs VALUES (1)')
      db.close()
      return folder
    },
    problem: 'DATA/coatcheck.db is a database of another program.',
    fix: 'Name a folder of its own with --data; nothing was changed.',
  },
  {
    title: 'a file in the place of the data folder',
    make: () => {
      const file = join(makeFolder(), 'notes.txt')
      writeFileSync(file, 'notes')
      return file
    },
    problem: 'The data folder DATA cannot be made: DATA is not a folder.',
    fix: 'Name a folder that this user may write to with --data.',
  },
  {
    title: 'a root key that others can read',
    make: () => {
      const folder = usedFolder('dev')
      chmodSync(join(folder, 'root.key'), 0o644)
      return folder
    },
    problem: 'The root key file DATA/root.key can be read by others.',
    fix: 'Run: chmod 600 DATA/root.key',
  },
  {
    title: 'a root key of another store',
    make: () => {
      const folder = usedFolder('dev')
      cpSync(join(SEEDED.serve, 'root.key'), join(folder, 'root.key'))
      return folder
    },
    problem: 'The root key does not open this store.',
    fix: 'Use the root key that was made for this data folder; nothing was changed.',
  },
  {
    title: 'a root key file that holds no key',
    make: () => {
      const folder = usedFolder('dev')
      writeFileSync(join(folder, 'root.key'), 'c2hvcnQ=\n')
      return folder
    },
    problem: 'DATA/root.key does not hold a root key.',
    fix: 'A root key is 32 bytes in base64, as "coatcheck keys init" writes it.',
  },
  {
    title: 'keys whose root key is gone',
    make: () => {
      const folder = usedFolder('dev')
      rmSync(join(folder, 'root.key'))
      return folder
    },
    problem: 'The root key file DATA/root.key is gone, and no other key opens this store.',
    fix: 'Put it back, or delete DATA to start afresh.',
  },
]

for (const { title, make, problem, fix } of REFUSED) {
  test(`dev refuses ${title} in a sentence, and changes nothing`, async (t) => {
    const data = make()
    const found = inventory(data)
    const { code, stdout, stderr } = await run(t, ['dev', '--port', '0', '--data', data])
    assert.equal(stderr.replaceAll(data, 'DATA'), `coatcheck: ${problem}\n  ${fix}\n`)
    assert.equal(stdout, '')
    assert.equal(code, 1)
    assert.deepEqual(inventory(data), found)
  })
}

test('a data folder in one that takes no others is refused at once', async (t) => {
  const data = ['--data', '/proc/none/data']
  const dev = await run(t, ['dev', '--port', '0', ...data])
  assert.match(dev.stderr, /^coatcheck: The data folder \/proc\/none\/data cannot be made: /)
  const init = await run(t, ['keys', 'init', ...data], { folder: makeFolder() })
  assert.match(init.stderr, /^coatcheck: \/proc\/none\/data\/coatcheck\.db cannot be opened: /)
  assert.deepEqual([dev.code, init.code], [1, 1])
})

test('serve refuses a data folder of dev, and changes nothing', async (t) => {
  const data = usedFolder('dev')
  const found = inventory(data)
  const { code, stderr } = await run(t, ['serve', '--data', data])
  assert.match(stderr, /coatcheck\.db belongs to "coatcheck dev"\./)
  assert.equal(code, 1)
  assert.deepEqual(inventory(data), found)
})
