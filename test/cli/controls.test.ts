import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { verifyCaptureContext } from '../../src/client/index.ts'
import { clientEnvironment } from '../clients/emulator.ts'
import {
  launchProgram,
  launchUntilReady,
  makeFolder,
  run,
  WHOLE_FILE,
  type Ended,
  type Running,
} from '../process.ts'
import { createFlow, type Credentials } from './flow.ts'

const CLIENT = join(import.meta.dirname, '../clients/node-client.cjs')

const folder = makeFolder()
let dev: Running
let credentials: Credentials
before(async () => {
  const started = await launchUntilReady(WHOLE_FILE, ['dev', '--port', '0'], { folder })
  dev = started
  credentials = started.ready as Credentials
})

/** Runs a command in the folder in which dev was started, whose credentials file it finds by itself. */
async function coatcheck(...args: readonly string[]): Promise<Ended> {
  return run(WHOLE_FILE, args, { folder })
}

/** Runs a command, which must succeed, and returns what it printed. */
async function output(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await coatcheck(...args)
  assert.equal(code, 0, stderr)
  return stdout
}

/** Opens a session with the official Node client, as it is. */
async function openOfficially(): Promise<Ended> {
  const environment = { ...clientEnvironment(credentials), AUTH: 'http_signature', OP: 'flex' }
  return launchProgram(WHOLE_FILE, ['node', CLIENT], { environment }).ended
}

test('sixteen minutes later an old context is refused, and the official client opens a new session', async () => {
  const { url } = credentials
  const first = await openOfficially()
  assert.equal(first.code, 0, first.stderr)
  const verified = { origins: [url], publicKeyOrigin: url }
  const context = await verifyCaptureContext(first.stdout.trim(), verified)
  assert.match(await output('clock', 'advance', '16m'), /16 minutes ahead of the machine's/)
  const card = { securityCode: '123' }
  await assert.rejects(createFlow(credentials).redeem(context, card), /Cannot find private RSA key/)
  const second = await openOfficially()
  assert.equal(second.code, 0, second.stderr)
  const { now } = JSON.parse(await output('clock', '--json')) as { readonly now: string }
  const currentDate = new Date(now)
  const renewed = await verifyCaptureContext(second.stdout.trim(), { ...verified, currentDate })
  assert.equal(renewed.claims.iat - context.claims.iat >= 960, true)
  await output('reset')
})

test('the clock is shown, frozen, set and resumed, and the log warns of it', async () => {
  assert.match(await output('clock'), /by the machine's clock\.$/m)
  assert.match(
    await output('clock', 'freeze', '2027-01-01T00:00:00Z'),
    /frozen at 2027-01-01T00:00:00.000Z/,
  )
  assert.match(await output('clock', 'show'), /^2027-01-01T00:00:00.000Z$/m)
  await output('clock', 'set', '2027-02-01T00:00:00Z', '--signatures-follow')
  const state = JSON.parse(await output('clock', 'advance', '--json', '--', '-1h')) as Record<
    string,
    unknown
  >
  assert.deepEqual([state['now'], state['signaturesFollow']], ['2027-01-31T23:00:00.000Z', true])
  assert.match(await output('clock', 'resume'), /by the machine's clock/)
  assert.match(dev.output.stdout, /"level":"warn".*The clock is frozen at 2027-01-01/)
})

test('faults are set, met, listed and removed', async () => {
  assert.equal((await output('faults')).trim(), 'No fault is set.')
  const options = ['--code', 'STORE_UNAVAILABLE', '--operation', 'generateFlexAPICaptureContext']
  assert.match(
    await output('faults', 'add', 'error', ...options),
    /^f1  the next .*; not met yet$/m,
  )
  const refused = await openOfficially()
  assert.match(refused.stderr, /SERVICE_UNAVAILABLE/)
  assert.match(await output('faults', 'list'), /; met 1 time$/m)
  await output('faults', 'add', 'latency', '--milliseconds', '5', '--times', 'always')
  await output('faults', 'add', 'clock-skew', '--seconds', '-5', '--probability', '0.5')
  assert.equal((await output('faults', 'clear', 'f1')).trim(), '1 fault removed.')
  assert.equal((await output('faults', 'clear')).trim(), '2 faults removed.')
  assert.equal((await output('faults', 'clear')).trim(), '0 faults removed.')
})

test('a reset sets everything right', async () => {
  await output('clock', 'freeze')
  await output('faults', 'add', 'reset')
  const { clock, faults } = JSON.parse(await output('reset', '--store', '--json')) as {
    readonly clock: { readonly mode: string }
    readonly faults: readonly unknown[]
  }
  assert.deepEqual([clock.mode, faults], ['running', []])
})

const MISTAKES: readonly (readonly [args: readonly string[], says: RegExp, code?: number])[] = [
  [['clock', 'advance', 'soon'], /"by" is not a duration\.\n {2}It must be such as 90s/],
  [['clock', 'set', 'noon'], /"at" is not a time/],
  [['faults', 'add', 'explosion'], /"kind" is not a kind of fault\.\n {2}Known are: error, /],
  [
    ['faults', 'add', 'error', '--code', 'TEAPOT'],
    /"code" is not right\.\n {2}It must be a code of docs/,
  ],
  [['faults', 'clear', 'f99'], /There is no fault f99\.\n {2}See "coatcheck faults list"\./, 1],
  [
    ['clock', '--url', 'http://127.0.0.1:1'],
    /Nothing answers at http:\/\/127\.0\.0\.1:1\.\n {2}Start "coatcheck dev"/,
    1,
  ],
]

for (const [args, expected, exit = 2] of MISTAKES) {
  test(`coatcheck ${args.join(' ')} is refused in two sentences`, async () => {
    const { code, stderr } = await coatcheck(...args)
    assert.equal(code, exit)
    assert.match(stderr, expected)
    assert.doesNotMatch(stderr, /_dev|\n.*\n.*\n/)
  })
}

test('every command says in its help how it is used', async () => {
  for (const name of ['clock', 'faults', 'reset']) {
    assert.match(await output(name, '--help'), new RegExp(`Examples:\n  coatcheck ${name}`))
  }
})

test('dev --seed --freeze gives the same context at every start, and says that its clock is frozen', async (t) => {
  const contexts: string[] = []
  let port = '0'
  for (let turn = 0; turn < 2; turn += 1) {
    const args = ['dev', '--port', port, '--seed', 'snapshots', '--freeze', '2027-01-01T00:00:00Z']
    const seeded = await launchUntilReady(t, args)
    const { url, warning } = seeded.ready as Credentials & { readonly warning: string }
    assert.match(warning, /^The clock is frozen at 2027-01-01/)
    contexts.push(
      await createFlow({ ...credentials, url }).client.generateFlexAPICaptureContext({
        fields: { paymentInformation: { card: { number: {} } } },
      }),
    )
    ;({ port } = new URL(url))
    seeded.kill('SIGTERM')
    assert.equal((await seeded.ended).code, 0)
  }
  assert.equal(contexts[0], contexts[1])
})
