import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readReleases, verifyReleases } from '../../src/audit/verify-releases.ts'
import { systemClock } from '../../src/clock-and-random.ts'
import { parseRootKey } from '../../src/keys/root-key.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { startHarness } from '../harness.ts'
import { launchProgram, makeFolder } from '../process.ts'
import { readRelease, requestRelease } from '../releases.ts'

const RELEASING = fileURLToPath(import.meta.resolve('./releasing.ts'))
const ROUNDS = 3

test('a kill between the commit of a release and its reply never lets the security code out twice', async (t) => {
  const folder = makeFolder()
  const rootKey = randomBytes(32).toString('base64')
  const jtis: string[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const jtiFile = join(folder, `jti-${round}`)
    const command = ['node', RELEASING, folder, rootKey, jtiFile]
    const { signal, stderr } = await launchProgram(t, command).ended
    assert.equal(signal, 'SIGKILL', stderr)
    jtis.push(readFileSync(jtiFile, 'utf8'))
  }
  const store = openSqliteStore({ folder, mode: 'dev', now: systemClock })
  const harness = await startHarness({ store, rootKey: parseRootKey(rootKey, 'test') })
  t.after(() => harness.close())
  for (const jti of jtis) {
    const { card } = await readRelease(await requestRelease(harness, jti))
    assert.equal(card['number'], '4111111111111111')
    assert.equal(card['securityCode'], undefined)
  }
  const found = await readReleases(store, harness.sealer)
  assert.equal(found.filter(({ entry }) => entry?.securityCode).length, ROUNDS)
  const { entries, faults } = verifyReleases(found)
  assert.deepEqual([entries, faults], [ROUNDS * 2, []])
})
