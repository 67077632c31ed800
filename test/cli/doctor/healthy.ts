import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import type { Facts, FileFacts, PathFacts } from '../../../src/cli/doctor/facts.ts'
import { signCertificate } from '../../../src/certificates/sign-certificate.ts'
import { systemRandom } from '../../../src/clock-and-random.ts'
import { readConfig, type Config } from '../../../src/config.ts'
import {
  STRICT,
  type Credential,
  type Merchant,
  type SharedSecretCredential,
} from '../../../src/merchant/merchant.ts'
import type { SqliteFacts } from '../../../src/store/sqlite-reader.ts'

/** Seconds since the epoch. */
export const NOW = 1_800_000_000
/** In seconds. */
export const DAY = 24 * 3600

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
/** A path that nothing is wrong with. */
export const PATH: PathFacts = {
  path: 'data',
  mode: 0o700,
  uid: 7,
  mayWrite: true,
  bytes: 4096,
  modifiedAt: NOW - 60,
}
/** A database file that nothing is wrong with. */
export const FILE: FileFacts = { ...PATH, path: 'data/coatcheck.db', mode: 0o600, read: SQLITE }
/** A merchant that nothing is wrong with. */
export const MERCHANT: Merchant = {
  id: 'shop-1',
  sessionKeys: 'one-time',
  tokensPerSession: undefined,
  attemptsPerSession: undefined,
  createdAt: NOW - DAY,
}
/** A credential that nothing is wrong with. */
export const SECRET: SharedSecretCredential = {
  kind: 'shared-secret',
  keyId: 'key-1',
  merchantId: 'shop-1',
  allows: STRICT,
  createdAt: NOW - DAY,
  revokedAt: undefined,
  secret: createSecretKey(Buffer.alloc(32)),
}

/** A certificate that expires then. */
export function certificate(notAfter: number): Credential {
  const { secret: _secret, ...common } = SECRET
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
  return { ...common, kind: 'certificate', publicKey, fingerprint: '', notAfter }
}

/** A certificate, in PEM, that has expired. */
export const EXPIRED_PEM = signExpired()

function signExpired(): string {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const [notBefore, notAfter] = [new Date('2019-01-01'), new Date('2020-01-01')]
  const subject = { commonName: 'shop-1', serialNumber: '1' }
  const draft = { subject, publicKey, notBefore, notAfter, extensions: [] }
  return signCertificate(draft, { name: subject, privateKey }, systemRandom)
}

/** What is observed of a vault that lacks nothing. */
export const HEALTHY: Facts = {
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
      {
        kind: 'signing key',
        id: 'k1',
        state: 'active',
        createdAt: NOW - DAY,
        activeFrom: NOW - DAY,
      },
      {
        kind: 'sealing key',
        id: 'abcd',
        state: 'active',
        createdAt: NOW - DAY,
        activeFrom: NOW - DAY,
      },
      {
        kind: 'audit key',
        id: 'abcdefgh',
        state: 'active',
        createdAt: NOW - DAY,
        activeFrom: NOW - DAY,
      },
    ],
    merchants: [MERCHANT],
    credentials: [SECRET],
    bundled: [],
    lostPoolKeys: 0,
  },
  pools: {
    oneTime: { count: 512, earliestExpiry: NOW + DAY - 3600 },
    rotated: { count: 8, earliestExpiry: NOW + DAY },
  },
  tls: { notAfter: NOW + 90 * DAY, isForOrigin: true },
  service: 'ready',
  speed: undefined,
}

/** Other settings. */
export function withConfig(settings: Partial<Config>): Partial<Facts> {
  return { config: { ...CONFIG, ...settings } }
}

/** Another lasting file. */
export function withFile(read: Partial<SqliteFacts>): Partial<Facts> {
  return { store: { ...HEALTHY.store, lasting: { ...FILE, read: { ...SQLITE, ...read } } } }
}

/** Other records. */
export function withVault(vault: object): Partial<Facts> {
  return { vault: { ...(HEALTHY.vault as object), ...vault } as Facts['vault'] }
}

/** Another store. */
export function withStore(store: Partial<Facts['store']>): Partial<Facts> {
  return { store: { ...HEALTHY.store, ...store } }
}

/** Another clock. */
export function withClock(clock: Partial<Facts['clock']>): Partial<Facts> {
  return { clock: { ...HEALTHY.clock, ...clock } }
}
