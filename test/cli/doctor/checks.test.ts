import assert from 'node:assert/strict'
import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { runChecks } from '../../../src/cli/doctor/checks.ts'
import type { Facts, FileFacts, PathFacts } from '../../../src/cli/doctor/facts.ts'
import type { Severity } from '../../../src/cli/doctor/finding.ts'
import { readConfig, type Config } from '../../../src/config.ts'
import { OperatorError } from '../../../src/errors.ts'
import {
  STRICT,
  type Credential,
  type Merchant,
  type SharedSecretCredential,
} from '../../../src/merchant/merchant.ts'
import type { SqliteFacts } from '../../../src/store/sqlite-reader.ts'

const NOW = 1_800_000_000
const DAY = 24 * 3600

const CONFIG = readConfig({
  file: undefined,
  environment: {},
  flags: { origin: 'https://pay.example.com', pageOrigins: 'https://shop.example.com' },
  defaults: {},
})
const SQLITE: SqliteFacts = {
  identity: 'store',
  schema: 1,
  mode: 'serve',
  journalMode: 'wal',
  synchronous: 2,
  secureDelete: 1,
  damage: undefined,
}
const PATH: PathFacts = { path: 'data', mode: 0o700, uid: 7, bytes: 4096, modifiedAt: NOW - 60 }
const FILE: FileFacts = { ...PATH, path: 'data/coatcheck.db', mode: 0o600, read: SQLITE }
const MERCHANT: Merchant = {
  id: 'shop-1',
  sessionKeys: 'one-time',
  tokensPerSession: undefined,
  attemptsPerSession: undefined,
  createdAt: NOW - DAY,
}
const SECRET: SharedSecretCredential = {
  kind: 'shared-secret',
  keyId: 'key-1',
  merchantId: 'shop-1',
  allows: STRICT,
  createdAt: NOW - DAY,
  revokedAt: undefined,
  secret: createSecretKey(Buffer.alloc(32)),
}

function certificate(notAfter: number): Credential {
  const { secret: _secret, ...common } = SECRET
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
  return { ...common, kind: 'certificate', publicKey, fingerprint: '', notAfter }
}

/** What is observed of a vault that lacks nothing. */
const HEALTHY: Facts = {
  config: CONFIG,
  unknownVariables: [],
  machine: { cores: 2, firstFreePort: 1024, mayBindAnyPort: false },
  clock: { now: NOW, drift: { milliseconds: 1, watchedMilliseconds: 1000 }, isSynchronized: true },
  store: {
    data: 'data',
    folder: PATH,
    lasting: FILE,
    passing: { ...FILE, path: 'data/vault.db' },
    freeBytes: 5e9,
    fileSystem: 0xef53,
  },
  rootKey: {
    source: 'file',
    path: 'root.key',
    file: { ...PATH, path: 'root.key', mode: 0o600 },
    isInDataFolder: false,
  },
  vault: {
    keys: [
      { kind: 'signing key', id: 'k1', isActive: true, createdAt: NOW - DAY },
      { kind: 'sealing key', id: 'abcd', isActive: true, createdAt: NOW - DAY },
    ],
    merchants: [MERCHANT],
    credentials: [SECRET],
    bundled: [],
  },
  pools: {
    oneTime: { count: 512, earliestExpiry: NOW + DAY - 3600 },
    rotated: { count: 8, earliestExpiry: NOW + DAY },
  },
  service: 'ready',
  speed: undefined,
}

test('a vault that lacks nothing has only findings that all is well', () => {
  const findings = runChecks(HEALTHY).flatMap((area) => area.findings)
  assert.deepEqual(
    findings.filter(({ severity }) => severity !== 'ok'),
    [],
  )
  assert.ok(findings.length >= 10)
})

function withConfig(settings: Partial<Config>): Partial<Facts> {
  return { config: { ...CONFIG, ...settings } }
}

function withFile(read: Partial<SqliteFacts>): Partial<Facts> {
  return { store: { ...HEALTHY.store, lasting: { ...FILE, read: { ...SQLITE, ...read } } } }
}

function withVault(vault: object): Partial<Facts> {
  return { vault: { ...(HEALTHY.vault as object), ...vault } as Facts['vault'] }
}

function withStore(store: Partial<Facts['store']>): Partial<Facts> {
  return { store: { ...HEALTHY.store, ...store } }
}

function withClock(clock: Partial<Facts['clock']>): Partial<Facts> {
  return { clock: { ...HEALTHY.clock, ...clock } }
}

const JWT_V1 = { ...SECRET, allows: { ...STRICT, jwtV1: true } }
const UNDATED = { ...SECRET, allows: { ...STRICT, undated: true } }
const fault = new OperatorError('It does not open.', 'Open it.')

const SPOILED: readonly (readonly [
  title: string,
  facts: Partial<Facts>,
  severity: Severity,
  what: RegExp,
])[] = [
  ['no store', withStore({ lasting: undefined }), 'problem', /Nothing is set up/],
  ['no passing file', withStore({ passing: undefined }), 'note', /vault\.db is not there/],
  ['a foreign database', withFile({ identity: 'foreign' }), 'problem', /another program/],
  ['a newer schema', withFile({ identity: 'newer', schema: 9 }), 'problem', /newer .*schema 9/],
  ['an older schema', withFile({ identity: 'older', schema: 0 }), 'note', /older schema \(0\)/],
  ['damage', withFile({ damage: 'row 1 missing' }), 'problem', /damaged: row 1 missing/],
  ['a store of dev', withFile({ mode: 'dev' }), 'problem', /belongs to "coatcheck dev"/],
  ['another journal', withFile({ journalMode: 'rollback' }), 'warning', /not in WAL mode/],
  ['less than FULL', withFile({ synchronous: 1 }), 'problem', /synchronous=1/],
  ['kept deletions', withFile({ secureDelete: 0 }), 'problem', /secure_delete=0/],
  ['an unreadable file', withStore({ lasting: { ...FILE, read: fault } }), 'problem', /not open/],
  ['a network disk', withStore({ fileSystem: 0x6969 }), 'problem', /network file system/],
  ['a disk in memory', withStore({ fileSystem: 0x01021994 }), 'warning', /in memory/],
  ['a full disk', withStore({ freeBytes: 9e6 }), 'problem', /Only 9 MB are free/],
  ['a nearly full disk', withStore({ freeBytes: 5e8 }), 'warning', /500 MB are free/],
  ['an open folder', withStore({ folder: { ...PATH, mode: 0o755 } }), 'warning', /mode 755/],
  ['a file of all', withStore({ lasting: { ...FILE, mode: 0o666 } }), 'problem', /can write/],
  ['two owners', withStore({ folder: { ...PATH, uid: 0 } }), 'warning', /different users/],
  [
    'a root key beside the data',
    { rootKey: { ...HEALTHY.rootKey, isInDataFolder: true } },
    'warning',
    /is in the data folder/,
  ],
  [
    'a root key for all',
    { rootKey: { ...HEALTHY.rootKey, file: { ...PATH, mode: 0o644 } } },
    'problem',
    /Others can read the root key file/,
  ],
  ['no root key', { rootKey: { ...HEALTHY.rootKey, file: undefined } }, 'problem', /no root key/],
  [
    'a root key in the environment',
    { rootKey: { ...HEALTHY.rootKey, source: 'environment' } },
    'warning',
    /in the environment/,
  ],
  ['a store that does not open', { vault: fault }, 'problem', /It does not open/],
  ['no signing key', withVault({ keys: [] }), 'problem', /no signing key/],
  [
    'a key of unknown age',
    withVault({ keys: [{ kind: 'signing key', id: 'k1', isActive: true, createdAt: undefined }] }),
    'note',
    /does not say how old/,
  ],
  [
    'an old key',
    withVault({
      keys: [{ kind: 'signing key', id: 'k1', isActive: true, createdAt: NOW - 99 * DAY }],
    }),
    'warning',
    /k1, 99 days old/,
  ],
  ['nobody', withVault({ merchants: [], credentials: [] }), 'problem', /There is no merchant/],
  ['a merchant without', withVault({ credentials: [] }), 'warning', /no usable credential/],
  [
    'a revoked credential only',
    withVault({ credentials: [{ ...SECRET, revokedAt: NOW }] }),
    'warning',
    /no usable credential/,
  ],
  [
    'a disabled merchant',
    withVault({ merchants: [{ ...MERCHANT, disabledAt: NOW }], credentials: [] }),
    'note',
    /is disabled/,
  ],
  [
    'an expired certificate',
    withVault({ credentials: [certificate(NOW - DAY)] }),
    'problem',
    /certificate key-1 of shop-1 expired on 2027/,
  ],
  [
    'a certificate of a few days',
    withVault({ credentials: [certificate(NOW + 29 * DAY)] }),
    'warning',
    /expires on 2027/,
  ],
  ['JWT version 1', withVault({ credentials: [JWT_V1] }), 'note', /JWT version 1/],
  ['undated signatures', withVault({ credentials: [UNDATED] }), 'warning', /without a date/],
  ['the bundled one', withVault({ bundled: ['key-1'] }), 'problem', /published one of dev/],
  ['no service', { service: 'silent' }, 'note', /No service answers/],
  ['a service that is not ready', { service: 'not ready' }, 'warning', /is not ready/],
  [
    'an empty pool of a service',
    {
      pools: {
        ...HEALTHY.pools,
        oneTime: { count: 3, earliestExpiry: NOW + DAY },
      } as Facts['pools'],
    },
    'warning',
    /hold 3 of 512 one-time keys/,
  ],
  [
    'a pooled key of the future',
    {
      pools: {
        ...HEALTHY.pools,
        oneTime: { count: 512, earliestExpiry: NOW + 3 * DAY },
      } as Facts['pools'],
    },
    'warning',
    /in the future/,
  ],
  [
    'a measured machine',
    { speed: { mintsPerSecond: 22.4, signsPerSecond: 3000 } },
    'note',
    /one-time: about 22 sessions a second.*\(1 merchant uses it\)/,
  ],
  ['a clock that is not set', withClock({ now: 1000 }), 'problem', /is not set/],
  ['a clock that went back', withClock({ now: NOW - DAY }), 'problem', /was written in 24 hours/],
  [
    'a clock that jumps',
    withClock({ drift: { milliseconds: -900, watchedMilliseconds: 1000 } }),
    'warning',
    /jumped by -900 ms/,
  ],
  ['a clock without NTP', withClock({ isSynchronized: false }), 'warning', /not kept by NTP/],
  ['a machine that tells nothing', withClock({ isSynchronized: undefined }), 'note', /not tell/],
  ['a configuration with a fault', { config: fault }, 'problem', /It does not open/],
  [
    'an unknown variable',
    { unknownVariables: [{ name: 'COATCHECK_PROT', nearest: 'COATCHECK_PORT' }] },
    'problem',
    /unknown variable COATCHECK_PROT/,
  ],
  ['no origin', withConfig({ origin: '' }), 'warning', /no public origin/],
  ['an http origin', withConfig({ origin: 'http://pay.example.com' }), 'problem', /not an https/],
  ['no page', withConfig({ pageOrigins: [] }), 'note', /No page may create tokens/],
  [
    'a page with a slash',
    withConfig({ pageOrigins: ['https://shop.example.com/'] }),
    'warning',
    /never matches/,
  ],
  ['a wide host', withConfig({ host: '0.0.0.0' }), 'problem', /beyond this machine without TLS/],
  ['a far proxy', withConfig({ proxies: ['10.0.0.1'] }), 'warning', /No proxy .* on this machine/],
  ['a proxy by name', withConfig({ proxies: ['lb', '::1'] }), 'problem', /not given by its addr/],
  [
    'everybody as a proxy',
    withConfig({ host: '10.0.0.2', proxies: ['0.0.0.0/0'] }),
    'warning',
    /is everybody/,
  ],
  ['operators for all', withConfig({ operatorHost: '0.0.0.0' }), 'warning', /without a password/],
  ['a low port', withConfig({ port: 443 }), 'problem', /Port 443 needs privileges/],
  ['one port for both', withConfig({ operatorPort: 4010 }), 'problem', /wanted by both/],
  ['too many workers', withConfig({ workers: 8 }), 'warning', /8 workers for 2 cores/],
  ['a small pool', withConfig({ poolTarget: 10 }), 'warning', /pool of 10 keys is less/],
  ['few attempts', withConfig({ tokensPerSession: 9 }), 'warning', /may give 9 tokens/],
]

for (const [title, facts, severity, what] of SPOILED) {
  test(`${title} is a ${severity}, with a remedy`, () => {
    const findings = runChecks({ ...HEALTHY, ...facts }).flatMap((area) => area.findings)
    const found = findings.find((finding) => what.test(finding.what))
    assert.equal(found?.severity, severity, JSON.stringify(findings, undefined, 1))
    assert.match(found.fix ?? '', /\S.*[.?]$|^Run: /)
    assert.match(found.what, /\.$/)
  })
}
