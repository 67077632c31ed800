import { generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto'
import type { HeadSigner, VerifyHead } from '../audit/signed-head.ts'
import type { Now } from '../clock-and-random.ts'
import { randomText } from '../protocol/random-text.ts'
import type { Store, StoredRecord, Write } from '../store/contract.ts'
import { openRecord, type Sealer } from '../store/sealed-records.ts'
import { decodeAuditKey, encodeAuditKey, type AuditKeyPair } from './audit-key-material.ts'
import { activeOf, decodeKey, SINCE_EVER, type KeyLife } from './key-life.ts'
import { keyWrite } from './key-records.ts'
import type { KeyMaking } from './sealing-keys.ts'

const ID_LENGTH = 8

/** Makes an Ed25519 key that signs the heads of audit chains, and stores it sealed. */
export async function createAuditKey(
  store: Pick<Store, 'write'>,
  sealer: Sealer,
  making: KeyMaking,
): Promise<void> {
  await store.write([newAuditKey(sealer, making).write])
}

/** Makes an audit key; returns its id and the write that stores it, sealed. */
export function newAuditKey(
  sealer: Sealer,
  { bytes, life = SINCE_EVER }: Pick<KeyMaking, 'bytes' | 'life'>,
): { readonly id: string; readonly write: Write } {
  const id = randomText(bytes, ID_LENGTH)
  const material = encodeAuditKey(generateKeyPairSync('ed25519').privateKey)
  const write = keyWrite({ kind: 'audit-key', sealer }, { id, life, material })
  material.fill(0)
  return { id, write }
}

interface AuditEntry extends AuditKeyPair {
  readonly kid: string
  readonly life: KeyLife
}

/** Finds the audit key that signs now; undefined when the store has none. Throws SealError when one was changed or moved. */
export async function findHeadSigner(
  store: Pick<Store, 'list'>,
  sealer: Sealer,
  now: Now,
): Promise<HeadSigner | undefined> {
  const able = (await readAuditKeys(store, sealer)).filter(hasPrivateKey)
  // Where the clock is set to before all keys, the first one serves.
  const active = activeOf(able, now()) ?? able[0]
  if (active === undefined) return undefined
  return { kid: active.kid, sign: (bytes) => sign(null, bytes, active.privateKey) }
}

function hasPrivateKey(
  entry: AuditEntry,
): entry is AuditEntry & { readonly privateKey: KeyObject } {
  return entry.privateKey !== undefined
}

/** Reads the public halves of all audit keys that there are or were. Throws SealError when one was changed or moved. */
export async function readHeadVerifier(
  store: Pick<Store, 'list'>,
  sealer: Sealer,
): Promise<VerifyHead> {
  const entries = await readAuditKeys(store, sealer)
  const keys = new Map(entries.map(({ kid, publicKey }) => [kid, publicKey]))
  return (kid, bytes, signature) => {
    const key = keys.get(kid)
    return key !== undefined && verify(null, bytes, key, signature)
  }
}

async function readAuditKeys(
  store: Pick<Store, 'list'>,
  sealer: Sealer,
): Promise<readonly AuditEntry[]> {
  return (await store.list('audit-key')).map((record) => openAuditKey(record, sealer))
}

function openAuditKey(record: StoredRecord, sealer: Sealer): AuditEntry {
  const { name: kid } = record
  const { content } = openRecord(record, { kind: 'audit-key', name: kid }, sealer)
  const { life, material } = decodeKey(content)
  const pair = decodeAuditKey(material)
  content.fill(0)
  return { kid, life, ...pair }
}
