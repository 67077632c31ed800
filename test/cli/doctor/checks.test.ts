import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runChecks } from '../../../src/cli/doctor/checks.ts'
import type { Facts } from '../../../src/cli/doctor/facts.ts'
import type { Severity } from '../../../src/cli/doctor/finding.ts'
import { OperatorError } from '../../../src/errors.ts'
import { STRICT } from '../../../src/merchant/merchant.ts'
import {
  NOW,
  DAY,
  PATH,
  FILE,
  MERCHANT,
  SECRET,
  EXPIRED_PEM,
  HEALTHY,
  certificate,
  withConfig,
  withFile,
  withVault,
  withStore,
  withClock,
} from './healthy.ts'

test('a vault that lacks nothing has only findings that all is well', () => {
  const findings = runChecks(HEALTHY).flatMap((area) => area.findings)
  assert.deepEqual(
    findings.filter(({ severity }) => severity !== 'ok'),
    [],
  )
  assert.ok(findings.length >= 10)
})

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
  [
    'a file to read',
    withStore({ passing: { ...FILE, mayWrite: false } }),
    'problem',
    /cannot write/,
  ],
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
    withVault({
      keys: [
        { kind: 'signing key', id: 'k1', state: 'active', createdAt: undefined, activeFrom: 0 },
      ],
    }),
    'note',
    /does not say how old/,
  ],
  [
    'an old key',
    withVault({
      keys: [
        {
          kind: 'signing key',
          id: 'k1',
          state: 'active',
          createdAt: NOW - 99 * DAY,
          activeFrom: 0,
        },
      ],
    }),
    'warning',
    /k1, 99 days old/,
  ],
  [
    'a key that is replaced later than it is set',
    {
      ...withConfig({ rotateSealingDays: 30 }),
      ...withVault({
        keys: [
          {
            kind: 'sealing key',
            id: 'abcd',
            state: 'active',
            createdAt: NOW - 32 * DAY,
            activeFrom: 0,
          },
        ],
      }),
    },
    'warning',
    /abcd, 32 days old, and is to be replaced after 30 days/,
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
  [
    'an expired certificate for replies',
    withVault({ credentials: [SECRET, { ...certificate(NOW - DAY), kind: 'mle-certificate' }] }),
    'problem',
    /certificate key-1 of shop-1 expired on 2027/,
  ],
  [
    'a certificate for replies only',
    withVault({ credentials: [{ ...certificate(NOW + 99 * DAY), kind: 'mle-certificate' }] }),
    'warning',
    /no usable credential/,
  ],
  [
    'a release to nobody',
    withVault({ merchants: [{ ...MERCHANT, entitled: true }] }),
    'note',
    /no certificate to release them to/,
  ],
  [
    'a release to an expired certificate',
    withVault({ merchants: [{ ...MERCHANT, entitled: true, releaseCertificate: EXPIRED_PEM }] }),
    'problem',
    /to which cards of shop-1 are released expired on 2020/,
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
  ['pooled keys that are lost', withVault({ lostPoolKeys: 2 }), 'warning', /2 pooled keys do not/],
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
  ['a wide host', withConfig({ host: '0.0.0.0' }), 'problem', /beyond this machine without TLS/],
  ['TLS files that are no good', { tls: fault }, 'problem', /It does not open/],
  [
    'a TLS certificate of a few days',
    { tls: { notAfter: NOW + 13 * DAY, isForOrigin: true } },
    'warning',
    /TLS certificate expires on 2027/,
  ],
  [
    'a TLS certificate for another host',
    { tls: { notAfter: NOW + 90 * DAY, isForOrigin: false } },
    'warning',
    /not for the host of the public origin/,
  ],
  ['a short stage', withConfig({ keyStageSeconds: 60 }), 'warning', /others may cache/],
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

test('a key whose successor is staged is not too old, and TLS of its own may listen everywhere', () => {
  const keys = [
    { kind: 'signing key', id: 'k1', state: 'active', createdAt: NOW - 99 * DAY, activeFrom: 0 },
    { kind: 'signing key', id: 'k2', state: 'staged', createdAt: NOW, activeFrom: NOW + 3900 },
  ]
  const tls = { host: '0.0.0.0', tlsCertFile: 'cert.pem', tlsKeyFile: 'key.pem' }
  const facts = { ...HEALTHY, ...withConfig(tls), ...withVault({ keys }) }
  const findings = runChecks(facts).flatMap((area) => area.findings)
  assert.ok(
    findings.some(({ what }) => what.startsWith('The active signing key is k1; k2 takes over')),
  )
  assert.deepEqual(
    findings.filter(({ severity }) => severity !== 'ok').map(({ what }) => what),
    ['The store has no sealing key.', 'The store has no audit key yet.'],
  )
})

for (const [title, facts, severity, what] of SPOILED) {
  test(`${title} is a ${severity}, with a remedy`, () => {
    const findings = runChecks({ ...HEALTHY, ...facts }).flatMap((area) => area.findings)
    const found = findings.find((finding) => what.test(finding.what))
    assert.equal(found?.severity, severity, JSON.stringify(findings, undefined, 1))
    assert.match(found.fix ?? '', /\S.*[.?]$|^Run: /)
    assert.match(found.what, /\.$/)
  })
}

test('what to do about lost pooled keys names a file only where the store is one', () => {
  const remedyOf = (facts: Partial<Facts>): string | undefined =>
    runChecks({ ...HEALTHY, ...withVault({ lostPoolKeys: 1 }), ...facts })
      .flatMap((area) => area.findings)
      .find(({ what }) => /1 pooled key does not/.test(what))?.fix
  assert.match(remedyOf({}) ?? '', /mints others\. If vault\.db came from elsewhere/)
  assert.match(remedyOf({ database: fault }) ?? '', /mints others\.$/)
})

test('a variable that Kubernetes sets is told with what stops it', () => {
  const unknownVariables = [{ name: 'COATCHECK_SERVICE_HOST', nearest: undefined }]
  const findings = runChecks({ ...HEALTHY, unknownVariables }).flatMap((area) => area.findings)
  const found = findings.find(({ what }) => what.includes('COATCHECK_SERVICE_HOST'))
  assert.match(found?.fix ?? '', /set enableServiceLinks to false/)
})
