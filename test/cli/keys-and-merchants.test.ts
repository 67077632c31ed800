import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { makeFolder, run, WHOLE_FILE, type Ended } from '../process.ts'

const FILES = ['coatcheck-root.key', 'coatcheck-data/coatcheck.db', 'coatcheck-data/vault.db']

const DATE = '[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} UTC'

interface AddedMerchant {
  readonly merchantId: string
  readonly keyId: string
  readonly secret: string
}

interface Listed {
  readonly createdAt: number
  readonly credentials: readonly { readonly createdAt: number }[]
}

/** The folder of a vault that all tests add to. */
const folder = makeFolder()
let made: Ended
before(async () => {
  made = await run(WHOLE_FILE, ['keys', 'init', '--json'], { folder })
  await run(WHOLE_FILE, ['keys', 'init', '--data', 'second'], { folder })
  await run(WHOLE_FILE, ['merchants', 'add', 'taken', '--data', 'second'], { folder })
  const foreign = ['--data', 'foreign', '--root-key-file', 'foreign.key']
  await run(WHOLE_FILE, ['keys', 'init', ...foreign], { folder })
})

function inFolder(t: TestContext, ...args: readonly string[]): Promise<Ended> {
  return run(t, args, { folder })
}

function hashes(): readonly string[] {
  return FILES.map((file) =>
    createHash('sha256')
      .update(readFileSync(join(folder, file)))
      .digest('hex'),
  )
}

test('keys init makes a root key and a store that only their owner can read', () => {
  assert.equal(made.code, 0, made.stderr)
  const { data, rootKeyFile, signingKid } = JSON.parse(made.stdout) as Record<string, string>
  assert.deepEqual([data, rootKeyFile], ['coatcheck-data', 'coatcheck-root.key'])
  assert.match(signingKid ?? '', /^[0-9a-z]{2}$/)
  for (const file of FILES) assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file)
  assert.equal(statSync(join(folder, 'coatcheck-data')).mode & 0o777, 0o700)
  const rootKey = readFileSync(join(folder, 'coatcheck-root.key'), 'utf8')
  assert.equal(Buffer.from(rootKey, 'base64').length, 32)
  assert.equal((made.stdout + made.stderr).includes(rootKey.trim()), false)
})

test('a second keys init is refused and changes nothing', async (t) => {
  const found = hashes()
  const { code, stdout, stderr } = await inFolder(t, 'keys', 'init')
  assert.equal(code, 1)
  assert.equal(stdout, '')
  assert.match(
    stderr,
    /^coatcheck: The store in coatcheck-data has keys already\.\n {2}Keys are never overwritten/,
  )
  assert.deepEqual(hashes(), found)
})

test('keys init makes a store under a root key that is there already', async (t) => {
  const found = readFileSync(join(folder, 'coatcheck-root.key'), 'utf8')
  const { code, stdout } = await inFolder(t, 'keys', 'init', '--data', 'other')
  assert.equal(code, 0)
  assert.match(stdout, /Keep a copy of the root key apart from the backups of the data/)
  assert.equal(readFileSync(join(folder, 'coatcheck-root.key'), 'utf8'), found)
})

test('keys list shows kinds, ids and states, and no key', async (t) => {
  const { code, stdout } = await inFolder(t, 'keys', 'list', '--json')
  assert.equal(code, 0)
  const { signingKid } = JSON.parse(made.stdout) as Record<string, string>
  const { keys, pooledSessionKeys } = JSON.parse(stdout) as Record<string, unknown>
  assert.equal(pooledSessionKeys, 0)
  assert.ok(Array.isArray(keys))
  assert.equal(keys.length, 4)
  const [signing, sealing, audit, mle] = keys as readonly {
    readonly id: string
    readonly createdAt: number
  }[]
  assert.ok(signing && sealing && audit && mle)
  const { createdAt, ...rest } = signing
  assert.ok(Math.abs(createdAt - Date.now() / 1000) < 60)
  const common = { state: 'active', activeFrom: createdAt }
  assert.deepEqual(rest, { kind: 'signing key', id: signingKid, ...common })
  assert.match(sealing.id, /^\w{4}$/)
  assert.deepEqual(sealing, { kind: 'sealing key', id: sealing.id, createdAt, ...common })
  assert.match(audit.id, /^\w{8}$/)
  assert.deepEqual(audit, { kind: 'audit key', id: audit.id, createdAt, ...common })
  assert.match(JSON.stringify(mle), /^\{"kind":"MLE key","id":"\d{22}","state":"active"\}$/)
  const forPeople = await inFolder(t, 'keys', 'list')
  assert.match(
    forPeople.stdout,
    new RegExp(`^signing key +${signingKid} +active +${DATE} +${DATE}$`, 'm'),
  )
})

test('merchants add prints a credential once; list never shows the secret', async (t) => {
  const added = await inFolder(t, 'merchants', 'add', 'shop-1', '--json')
  assert.equal(added.code, 0)
  assert.equal(added.stderr, '')
  const { merchantId, keyId, secret } = JSON.parse(added.stdout) as AddedMerchant
  assert.equal(merchantId, 'shop-1')
  assert.match(keyId, /^[0-9a-f-]{36}$/)
  assert.equal(Buffer.from(secret, 'base64').length, 32)
  const options = [
    '--session-keys',
    'rotated',
    '--tokens-per-session',
    '3',
    '--attempts-per-session',
    '7',
  ]
  const second = await inFolder(t, 'merchants', 'add', 'shop-2', ...options)
  assert.equal(second.code, 0)
  assert.match(second.stdout, /^merchant {2}shop-2\nkey id {4}[0-9a-f-]{36}\nsecret {4}\S{44}\n$/)
  assert.match(second.stderr, /is not shown again/)

  const { code, stdout } = await inFolder(t, 'merchants', 'list', '--json')
  assert.equal(code, 0)
  const { merchants } = JSON.parse(stdout) as {
    readonly merchants: readonly Listed[]
  }
  const secondKeyId = /key id +(\S+)/.exec(second.stdout)?.[1]
  const allows = { jwtV1: false, undated: false, merchants: [] }
  const common = { kind: 'shared-secret', state: 'live', allows }
  assert.deepEqual(merchants.map(withoutTimes), [
    { id: 'shop-1', sessionKeys: 'one-time', credentials: [{ keyId, ...common }] },
    {
      id: 'shop-2',
      sessionKeys: 'rotated',
      tokensPerSession: 3,
      attemptsPerSession: 7,
      credentials: [{ keyId: secondKeyId, ...common }],
    },
  ])
  const forPeople = await inFolder(t, 'merchants', 'list')
  assert.equal(forPeople.stdout, 'shop-1  one-time  1 credential\nshop-2  rotated  1 credential\n')
  assert.equal(stdout.includes(secret), false)
})

/** A merchant as it is listed, without the times of its making. */
function withoutTimes({ createdAt, credentials, ...rest }: Listed): object {
  assert.ok(typeof createdAt === 'number')
  const timeless = credentials.map(({ createdAt: madeAt, ...credential }) => {
    assert.equal(typeof madeAt, 'number')
    return credential
  })
  return { ...rest, credentials: timeless }
}

test('merchants list says that there are none', async (t) => {
  const empty = makeFolder()
  await run(t, ['keys', 'init'], { folder: empty })
  const { code, stdout } = await run(t, ['merchants', 'list'], { folder: empty })
  assert.equal(code, 0)
  assert.equal(stdout, 'There are no merchants. Add one: coatcheck merchants add <id>\n')
})

interface Failing {
  readonly title: string
  readonly args: readonly string[]
  readonly code: 1 | 2
  readonly says: RegExp
}

const FAILING: readonly Failing[] = [
  {
    title: 'an id that is taken',
    args: ['merchants', 'add', 'taken', '--data', 'second'],
    code: 1,
    says: /^coatcheck: There is a merchant taken already\.\n {2}Choose another id\.\n$/,
  },
  {
    title: 'an id that none can be',
    args: ['merchants', 'add', 'shop one'],
    code: 2,
    says: /^coatcheck: This is no merchant id\.\n {2}A merchant id is 1 to 50 of /,
  },
  {
    title: 'no id at all',
    args: ['merchants', 'add'],
    code: 2,
    says: /missing required argument 'id'/,
  },
  {
    title: 'a policy that there is not',
    args: ['merchants', 'add', 'shop-9', '--session-keys', 'daily'],
    code: 2,
    says: /--session-keys .*It is one-time or rotated\./,
  },
  {
    title: 'a count of nothing',
    args: ['merchants', 'add', 'shop-9', '--tokens-per-session', '0'],
    code: 2,
    says: /It is a whole number from 1 to 9999\./,
  },
  {
    title: 'a command that there is not',
    args: ['merchants', 'delete', 'shop-1'],
    code: 2,
    says: /unknown command 'delete'/,
  },
  {
    title: 'a root key that is not there',
    args: ['merchants', 'list', '--root-key-file', 'none.key'],
    code: 1,
    says: /^coatcheck: The root key file none\.key cannot be read\.\n {2}Run "coatcheck keys init"/,
  },
  {
    title: 'a store that is not there',
    args: ['merchants', 'list', '--data', 'nowhere'],
    code: 1,
    says: /^coatcheck: There is no store in nowhere\.\n {2}Run "coatcheck keys init", or name its folder with --data\.\n$/,
  },
  {
    title: 'a root key of another store',
    args: ['keys', 'list', '--data', 'foreign'],
    code: 1,
    says: /^coatcheck: The root key does not open this store\.\n/,
  },
]

for (const { title, args, code, says } of FAILING) {
  test(`${args.slice(0, 2).join(' ')} with ${title} exits with ${code} and says so`, async (t) => {
    const ended = await inFolder(t, ...args)
    assert.match(ended.stderr, says)
    assert.equal(ended.stdout, '')
    assert.equal(ended.code, code)
  })
}

test('with --json a refusal is JSON too', async (t) => {
  const { code, stderr } = await inFolder(
    t,
    'merchants',
    'list',
    '--root-key-file',
    'none.key',
    '--json',
  )
  assert.equal(code, 1)
  const { error } = JSON.parse(stderr) as { readonly error: Record<string, string> }
  assert.deepEqual(Object.keys(error), ['problem', 'fix'])
  assert.equal(error['problem'], 'The root key file none.key cannot be read.')
})
