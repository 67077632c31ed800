import { strict as assert } from 'node:assert'
import { test, type TestContext } from 'node:test'
import { createDiagnosisRate, DIAGNOSES_A_SECOND } from '../../src/merchant/diagnosis-rate.ts'
import { readErrorOf } from '../error-reply.ts'
import { CARD_FIELDS } from '../flow.ts'
import { MERCHANT, startHarness, type Harness } from '../harness.ts'
import { sha256, signByHttpSignature, type SignatureChanges } from '../signed-request.ts'
import { createTestClock } from '../store/clock.ts'

const REQUEST = { target: '/flex/v2/sessions', body: JSON.stringify({ fields: CARD_FIELDS }) }
const COMPONENTS = ['host', 'date', 'x-note', 'request-target', 'digest', 'v-c-merchant-id']
const CODE = 'code-of-the-card-737'

async function start(
  t: TestContext,
  options: Parameters<typeof startHarness>[0] = {},
): Promise<Harness> {
  const harness = await startHarness(options)
  t.after(() => harness.close())
  return harness
}

async function refused(
  harness: Harness,
  changes: SignatureChanges,
): Promise<{ readonly body: string; readonly told: Record<string, unknown> }> {
  const reply = await harness.service.app.inject(signByHttpSignature(MERCHANT, REQUEST, changes))
  const { coatcheck } = readErrorOf('AUTHENTICATION_FAILED', reply)
  return { body: reply.body, told: { ...coatcheck } }
}

const WITH_NOTE = { components: COMPONENTS, headers: { 'x-note': CODE } }

test('names a signed header that signing is not about, and withholds what is in it', async (t) => {
  const harness = await start(t)
  const { body, told } = await refused(harness, { ...WITH_NOTE, key: Buffer.alloc(32) })
  const { expected } = told['stringToSign'] as { readonly expected: string }
  assert.match(expected, /^x-note: \[withheld 1\]$/m)
  assert.match(expected, /^host: apitest\.cybersource\.com$/m)
  assert.ok(!body.includes(CODE) && !harness.lines.join('').includes(CODE))
})

/** What a client signs by a known mistake, and the words that must tell it. */
const MISTAKES: readonly (readonly [change: (base: string) => string, words: RegExp])[] = [
  [(base) => base.replace('post ', 'POST '), /upper case/],
  [(base) => `${base}\n`, /line break/],
  [(base) => base.replaceAll(': ', ':'), /colon/],
  [(base) => base.replace('x-note', 'X-Note'), /Probably a wrong secret/],
  [(base) => base.replace(/^x-note.*\n/m, ''), /leaves out a line|usual lines/],
]

for (const [change, words] of MISTAKES) {
  test(`finds ${String(words)} beside a header whose value is withheld, on every line`, async (t) => {
    const harness = await start(t)
    const { body, told } = await refused(harness, { ...WITH_NOTE, base: change })
    assert.match(String(told['mistake']), words)
    assert.ok(!body.includes(CODE) && !harness.lines.join('').includes(CODE))
  })
}

test('is not misled by a header that holds the mark of one that is withheld', async (t) => {
  const harness = await start(t)
  const headers = { 'x-note': CODE, 'x-other': '[withheld 1]$&' }
  const components = [...COMPONENTS, 'x-other']
  const { body, told } = await refused(harness, {
    headers,
    components,
    base: (base) => base.replace('post ', 'POST '),
  })
  assert.match(String(told['mistake']), /upper case/)
  assert.ok(!body.includes(CODE))
})

test('looks into so many wrong signatures of one key id in a second, and says when it does not', async (t) => {
  const clock = createTestClock()
  const harness = await start(t, { now: clock.now })
  const wrong = async (): Promise<string> => {
    const changes = { now: clock.now(), base: (base: string) => base.replace('post', 'POST') }
    return String((await refused(harness, changes)).told['mistake'])
  }
  for (let count = 0; count < DIAGNOSES_A_SECOND; count += 1) assert.match(await wrong(), /upper/)
  assert.match(await wrong(), /^Not looked for: more than 50 refusals of this key id/)
  clock.advance(1)
  assert.match(await wrong(), /upper/)
})

test('looks into so many wrong digests of one key id in a second', async (t) => {
  const clock = createTestClock()
  const harness = await start(t, { now: clock.now })
  const wrong = async (): Promise<string> => {
    const headers = { digest: `SHA-256=${sha256('')}` }
    return String((await refused(harness, { now: clock.now(), headers })).told['mistake'])
  }
  for (let count = 0; count < DIAGNOSES_A_SECOND; count += 1) assert.match(await wrong(), /empty/)
  assert.match(await wrong(), /^Not looked for: more than 50 refusals of this key id/)
  clock.advance(1)
  assert.match(await wrong(), /empty/)
})

test('counts each key id for itself', () => {
  const mayDiagnose = createDiagnosisRate(() => new Date(0))
  for (let count = 0; count < DIAGNOSES_A_SECOND; count += 1) mayDiagnose('one')
  assert.deepEqual([mayDiagnose('one'), mayDiagnose('other')], [false, true])
})
