import { writeFileSync } from 'node:fs'
import { systemClock } from '../../src/clock-and-random.ts'
import { parseRootKey } from '../../src/keys/root-key.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { startHarness } from '../harness.ts'
import { makeCard, requestRelease } from '../releases.ts'

// A process of its own: `releasing.ts FOLDER ROOT-KEY JTI-FILE` makes a card, writes its jti down, and is killed the moment
// its release is committed, before anything is encrypted.

const [folder = '', rootKey = '', jtiFile = ''] = process.argv.slice(2)
const store = openSqliteStore({ folder, mode: 'dev', now: systemClock })
const harness = await startHarness({
  rootKey: parseRootKey(rootKey, 'test'),
  store: {
    ...store,
    async write(batch) {
      const written = await store.write(batch)
      if (batch.some(({ kind }) => kind === 'release')) process.kill(process.pid, 'SIGKILL')
      return written
    },
  },
})
const jti = await makeCard(harness)
writeFileSync(jtiFile, jti)
await requestRelease(harness, jti)
