import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../../src/clock-and-random.ts'
import { OperatorError } from '../../src/errors.ts'
import { Secret } from '../../src/secret.ts'
import type { Mode } from '../../src/store/contract.ts'
import { openRedisStore } from '../../src/store/redis.ts'
import {
  DURABLE,
  hasRedis,
  ignore,
  newPrefix,
  openStore,
  type RedisServer,
  sharedRedis,
  startRedis,
  until,
} from './redis-server.ts'

const AOF = ['--appendonly', 'yes']

/** Expects the store to be refused, in one sentence that matches and one that says how to mend it. */
async function refuses(
  url: string,
  [problem, fix]: readonly [RegExp, RegExp],
  mode: Mode = 'serve',
): Promise<void> {
  const opening = openRedisStore({
    address: new Secret(url),
    mode,
    now: systemClock,
    report: ignore,
  }).then((store) => store.close())
  await assert.rejects(opening, (error) => {
    assert.ok(error instanceof OperatorError, String(error))
    assert.match(error.problem, problem)
    assert.match(error.fix, fix)
    assert.match(error.problem, /\.$/)
    assert.doesNotMatch(error.problem, /\. /, 'one sentence')
    assert.doesNotMatch(error.message, /s3cret/)
    return true
  })
}

async function keysOn(server: RedisServer): Promise<unknown> {
  return server.command('DBSIZE')
}

for (const [what, options, expected] of [
  [
    'evicts keys',
    [...DURABLE, '--maxmemory', '50mb', '--maxmemory-policy', 'allkeys-lru'],
    [/evicts keys when its memory is full/, /maxmemory-policy noeviction/],
  ],
  [
    'evicts keys that expire',
    [...DURABLE, '--maxmemory', '50mb', '--maxmemory-policy', 'volatile-ttl'],
    [/evicts keys/, /noeviction/],
  ],
  ['keeps nothing', [], [/keeps no append-only file/, /appendonly yes/]],
  [
    'syncs every second',
    [...AOF, '--appendfsync', 'everysec'],
    [/does not wait for its disk/, /appendfsync always/],
  ],
  [
    'leaves syncing to the system',
    [...AOF, '--appendfsync', 'no'],
    [/does not wait for its disk/, /appendfsync always/],
  ],
  [
    'does not sync while it rewrites its file',
    [...DURABLE, '--no-appendfsync-on-rewrite', 'yes'],
    [/while it rewrites/, /no-appendfsync-on-rewrite no/],
  ],
] as const) {
  test(`serve refuses a server that ${what}, which is left as it was; dev takes it and says so`, async (t) => {
    if (!hasRedis(t)) return
    const server = await startRedis(options)
    await refuses(server.url(), expected)
    assert.equal(await keysOn(server), 0)
    const reports: string[] = []
    await openStore(t, server.url(), { mode: 'dev', report: (line) => reports.push(line) })
    assert.equal(reports.length, 1)
    assert.match(reports[0] ?? '', /append-only file.*; .*; 0 replicas, writes wait for 0$/)
    await server.kill()
  })
}

test('serve takes a durable server and says which durability it is configured for', async (t) => {
  if (!hasRedis(t)) return
  const reports: string[] = []
  const server = await sharedRedis()
  const url = server.url(`/?prefix=${newPrefix()}`)
  await openStore(t, url, { report: (line) => reports.push(line) })
  assert.equal(reports.length, 1)
  assert.match(
    reports[0] ?? '',
    /^The Redis server at 127\.0\.0\.1:\d+ \(7\.[\d.]+\): append-only file, fsync always; no memory limit; 0 replicas, writes wait for 0$/,
  )
})

test('a server with a memory limit is taken as long as it evicts nothing', async (t) => {
  if (!hasRedis(t)) return
  const limit = ['--maxmemory', '50mb', '--maxmemory-policy', 'noeviction']
  const server = await startRedis([...DURABLE, ...limit])
  await openStore(t, server.url())
})

test('replicas that writes do not wait for are refused; with replicas= they are waited for', async (t) => {
  if (!hasRedis(t)) return
  const primary = await startRedis()
  await primary.command('CONFIG', 'SET', 'repl-diskless-sync-delay', '0')
  const replica = await startRedis(['--replicaof', '127.0.0.1', String(primary.port)])
  await until(async () => /state=online/.test(String(await primary.command('INFO'))))
  await refuses(primary.url(), [/has replicas that writes do not wait for/, /replicas=/])
  await refuses(primary.url('/0?replicas=2'), [
    /has fewer replicas than writes wait for/,
    /replicas/,
  ])
  await refuses(replica.url(), [/is a replica, which takes no writes/, /Name its primary/], 'dev')
  const store = await openStore(t, primary.url('/0?replicas=1'))
  const write = (name: string): Promise<boolean> =>
    store.write([
      { op: 'put-new', kind: 'card', name, expiresAt: undefined, value: Buffer.from('v') },
    ])
  assert.deepEqual(await Promise.all([write('a'), write('a'), write('b')]), [true, false, true])
  await replica.kill()
  const started = performance.now()
  await assert.rejects(write('c'), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'STORE_UNAVAILABLE')
    assert.match(String(error.cause), /did not pass a write on to as many replicas as it must/)
    return true
  })
  assert.ok(performance.now() - started < 5000)
})

async function addUser(t: TestContext, rules: readonly string[]): Promise<RedisServer> {
  const server = await startRedis()
  await server.command('ACL', 'SETUSER', 'shop', 'on', '>s3cret', '~{coatcheck:*', ...rules)
  t.after(() => server.kill())
  return server
}

test('a server that does not let CONFIG be read is refused unless the operator answers for it', async (t) => {
  if (!hasRedis(t)) return
  const server = await addUser(t, ['+@all', '-config'])
  const url = (query: string): string => server.url().replace('//', '//shop:s3cret@') + query
  await refuses(url(''), [
    /does not let its durability be read/,
    /\+config\|get.*durability=asserted/,
  ])
  const reports: string[] = []
  await openStore(t, url('?durability=asserted'), { report: (line) => reports.push(line) })
  assert.match(reports[0] ?? '', /fsync not told.*durability asserted by the URL$/)
})

test('asserted durability does not excuse eviction', async (t) => {
  if (!hasRedis(t)) return
  const limit = ['--maxmemory', '50mb', '--maxmemory-policy', 'allkeys-random']
  const server = await startRedis(limit)
  await refuses(server.url('/0?durability=asserted'), [/evicts keys/, /noeviction/])
})

test('the commands that the message names are all that a user needs', async (t) => {
  if (!hasRedis(t)) return
  const rules = '-@all +@read +@write +@scripting +@connection +info +wait +config|get'.split(' ')
  const server = await addUser(t, rules)
  const url = server.url().replace('//', '//shop:s3cret@')
  const store = await openStore(t, url)
  const card = {
    op: 'put',
    kind: 'card',
    name: 'a',
    expiresAt: 1,
    value: Buffer.from('v'),
  } as const
  await store.write([card, { ...card, expiresAt: undefined }])
  await store.claim('card', 1, { kind: 'session-key', expiresAt: 9_999_999_999 })
  assert.equal((await store.list('session-key')).length, 1)
  assert.deepEqual([(await store.depth('session-key')).count, await store.purge()], [1, 0])
  await server.command('ACL', 'SETUSER', 'shop', '-zadd')
  const notAllowed = [/does not let this user do what the store needs/, /\+@read \+@write/] as const
  await refuses(url, notAllowed)
  await server.command('FLUSHALL')
  await refuses(url, notAllowed)
  assert.equal(await server.command('EXISTS', '{coatcheck:lasting}:stamp'), 0)
  await refuses(`${url}?prefix=elsewhere`, notAllowed)
})

test('credentials that are missing or wrong are refused', async (t) => {
  if (!hasRedis(t)) return
  const server = await startRedis([...DURABLE, '--requirepass', 's3cret'])
  await refuses(server.url(), [/asks for a password/, /redis:\/\/user:password@host/])
  const wrong = server.url().replace('//', '//:s3cret-not@')
  await refuses(wrong, [/does not accept the user and password/, /percent-encode/])
  await openStore(t, server.url().replace('//', '//:s3cret@'))
})

test('a server that is not there, speaks no TLS or has no such database is refused', async (t) => {
  if (!hasRedis(t)) return
  const server = await startRedis()
  await refuses(server.url('/99'), [/has no database of that number/, /databases/])
  await refuses(server.url().replace('redis', 'rediss'), [/does not answer/, /speaks TLS/])
  await server.kill()
  await refuses(server.url(), [/cannot be reached/, /Check host and port/])
})

test('a store of the other mode, of a newer layout or of another program is refused and left as it was', async (t) => {
  if (!hasRedis(t)) return
  const server = await startRedis()
  const stamp = '{coatcheck:lasting}:stamp'
  const store = await openStore(t, server.url())
  await store.close()
  await refuses(server.url(), [/belongs to "coatcheck serve"/, /a prefix or database/], 'dev')
  await server.command('HSET', stamp, 'layout', '2')
  await refuses(server.url(), [
    /newer version of Coatcheck \(layout 2, this one knows 1\)/,
    /Run that/,
  ])
  for (const change of [
    ['HSET', stamp, 'program', 'other'],
    ['SET', stamp, 'text'],
    ['DEL', stamp],
  ]) {
    await server.command(...change)
    await server.command('SET', '{coatcheck:lasting}:sequence', '7')
    const before = await server.command('DEBUG', 'DIGEST').catch(() => undefined)
    await refuses(server.url(), [/holds keys of another program/, /another with \?prefix=/])
    assert.deepEqual(await server.command('DEBUG', 'DIGEST').catch(() => undefined), before)
  }
})

test('when the passing database is refused, the lasting one is not stamped', async (t) => {
  if (!hasRedis(t)) return
  const server = await startRedis()
  await (await openStore(t, server.url('/4?passing=5'), { mode: 'dev' })).close()
  await refuses(server.url('/6?passing=5'), [/belongs to "coatcheck dev"/, /./])
  assert.doesNotMatch(String(await server.command('INFO', 'keyspace')), /db6/)
})

test('two stores of other prefixes share a server, and both lifetimes may share a database', async (t) => {
  if (!hasRedis(t)) return
  const server = await startRedis()
  const [one, two] = [
    await openStore(t, server.url('/0?passing=0&prefix=one')),
    await openStore(t, server.url('/0?passing=0&prefix=two'), { mode: 'dev' }),
  ]
  const value = Buffer.from('v')
  await one.write([{ op: 'put', kind: 'card', name: 'a', expiresAt: undefined, value }])
  await one.write([{ op: 'put', kind: 'merchant', name: 'm', expiresAt: undefined, value }])
  assert.deepEqual([await two.list('card'), await two.list('merchant')], [[], []])
  assert.equal((await one.list('card')).length + (await one.list('merchant')).length, 2)
})

for (const url of [
  'redis:',
  'http://host/0',
  'redis://host/zero',
  'redis://host/0/1',
  'redis://host/0?prefix=a:b',
  'redis://host/0?prefix={a}',
  'redis://host/0?prefix=a&prefix=b',
  'redis://host/0?passing=-1',
  'redis://host/0?replicas=all',
  'redis://host/0?durability=no',
  'redis://host/0?unknown=s3cret',
  'redis://user:s3cret%zz@host',
]) {
  test(`the URL ${url} is refused before anything is connected`, async () => {
    await refuses(url, [/^The URL of the Redis store/, /Write redis:\/\/.*rediss:\/\/ for TLS/])
  })
}
