import { systemClock, systemRandom } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import { createAuditKey } from '../keys/audit-keys.ts'
import { beginLife } from '../keys/key-life.ts'
import type { HeldRootKey } from '../keys/root-key.ts'
import { createSealingKey, loadSealer } from '../keys/sealing-keys.ts'
import { createSigningKey } from '../keys/signing-keys.ts'
import type { Kind, Store, Write } from '../store/contract.ts'
import { createMemoryStore } from '../store/memory.ts'
import { ensureMleKey } from './mle-key.ts'

const KINDS: readonly Kind[] = ['sealing-key', 'signing-key', 'audit-key', 'mle-key']

/** There is one of this name at most, so of two that make the first keys of a store one is refused. */
const GUARD: Write = {
  op: 'put-new',
  kind: 'first-keys',
  name: 'made',
  expiresAt: undefined,
  value: Buffer.alloc(0),
}

/** What the first keys are made with. */
export interface FirstKeysNeeds {
  readonly store: Pick<Store, 'write'>
  readonly root: HeldRootKey
  /** Where the store is, in words. */
  readonly place: string
  /** What is written with them. Default is nothing. */
  readonly further?: readonly Write[]
  /** Told the kid of the signing key before anything is written; when it rejects, nothing is. Default does nothing. */
  readonly announce?: (kid: string) => Promise<void>
}

/**
 * Makes the first keys of a store, all of them or none; returns the kid of the signing key. Nothing is written into a store
 * for which another process has made them at the same time.
 *
 * @throws OperatorError in that case.
 */
export async function makeFirstKeys({
  store,
  root,
  place,
  further = [],
  announce,
}: FirstKeysNeeds): Promise<string> {
  const made = createMemoryStore(systemClock)
  const rootKey = root.current()
  const making = { ...systemRandom, life: beginLife(systemClock()), token: root.signing }
  await createSealingKey(made, rootKey, making)
  const sealer = await loadSealer(made, rootKey, systemRandom)
  const kid = await createSigningKey(made, sealer, making)
  await createAuditKey(made, sealer, making)
  await ensureMleKey({ store: made, sealer })
  const writes = (await Promise.all(KINDS.map((kind) => copyAll(made, kind)))).flat()
  await announce?.(kid)
  if (await store.write([GUARD, ...further, ...writes])) return kid
  throw new OperatorError(
    `Another "coatcheck keys init" has made the keys of the store in ${place} at the same time.`,
    'Use the root key of that one: what this one has made opens nothing.',
  )
}

async function copyAll(made: Store, kind: Kind): Promise<readonly Write[]> {
  const records = await made.list(kind)
  return records.map(({ name, expiresAt, value }) => ({
    op: 'put-new',
    kind,
    name,
    expiresAt,
    value,
  }))
}
