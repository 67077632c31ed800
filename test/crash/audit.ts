import assert from 'node:assert/strict'
import { systemClock } from '../../src/clock-and-random.ts'
import { Secret } from '../../src/secret.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { MadeVault } from '../vault.ts'
import type { Book } from './book.ts'
import { TOKENS_PER_SESSION } from './shop.ts'

/**
 * Compares the store with what a shop was told: every use that was acknowledged is counted, none twice, and there are
 * exactly as many cards as uses.
 */
export async function auditStore({ store: address, data }: MadeVault, book: Book): Promise<void> {
  const store = await openStore({
    address: new Secret(address),
    folder: data,
    mode: 'serve',
    now: systemClock,
  })
  try {
    const records = await store.list('session-key')
    const issued = new Map(records.map(({ name, counts }) => [name, counts.issued]))
    for (const [kid, { acknowledged, doubtful, refused }] of book.sessions) {
      const counted = issued.get(kid)
      assert.ok(counted !== undefined, 'a session that was acknowledged is lost')
      assert.ok(counted >= acknowledged, 'a use is uncounted')
      assert.ok(counted <= acknowledged + doubtful, 'a use is counted twice')
      assert.ok(counted <= TOKENS_PER_SESSION, 'a session gave more tokens than it may')
      if (refused > 0) assert.equal(counted, TOKENS_PER_SESSION, 'refused with tokens left')
    }
    const uses = [...issued.values()].reduce((sum, count) => sum + count, 0)
    assert.equal((await store.list('card')).length, uses, 'a card is stored with its use, or not')
  } finally {
    await store.close()
  }
}
