import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { readP12 } from '../../src/certificates/read-p12.ts'
import { makeFolder, run, WHOLE_FILE, type Ended } from '../process.ts'

const folder = makeFolder()

before(async () => {
  await run(WHOLE_FILE, ['keys', 'init'], { folder })
})

function inFolder(t: Pick<TestContext, 'after'>, command: string): Promise<Ended> {
  return run(t, command.split(' '), { folder })
}

async function json(t: TestContext, command: string): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await inFolder(t, `${command} --json`)
  assert.deepEqual([code, stderr], [0, ''])
  return JSON.parse(stdout) as Record<string, unknown>
}

interface Listed {
  readonly merchantId: string
  readonly keyId: string
  readonly kind: string
  readonly state: string
  readonly allows: object
}

async function list(t: TestContext, merchantId = ''): Promise<readonly Listed[]> {
  const command = `credentials list ${merchantId}`.trim()
  return (await json(t, command))['credentials'] as readonly Listed[]
}

test('a secret that is rotated is followed by a secret with the same allowances', async (t) => {
  const allowed = '--allow-jwt-v1 --allow-undated --cover-merchants a,b'
  const { keyId: old } = await json(t, `merchants add heir ${allowed}`)
  const { keyId, secret, replaces, next } = await json(t, 'credentials rotate heir')
  assert.equal(typeof secret, 'string')
  assert.deepEqual(replaces, [old])
  assert.match(String((next as readonly string[])[1]), /may be revoked as soon as no client/)
  const allows = { jwtV1: true, undated: true, merchants: ['a', 'b'] }
  assert.deepEqual(
    (await list(t, 'heir')).map((each) => [each.kind, each.state, each.allows]),
    [
      ['shared-secret', 'live', allows],
      ['shared-secret', 'live', allows],
    ],
  )
  await inFolder(t, `credentials revoke ${String(old)}`)
  await inFolder(t, 'credentials rotate heir --no-allow-jwt-v1 --no-allow-undated')
  const last = (await list(t, 'heir')).find((each) => each.keyId !== keyId && each.state === 'live')
  assert.deepEqual(last?.allows, { jwtV1: false, undated: false, merchants: ['a', 'b'] })
})

test('a p12 that is rotated is followed by a p12 with a key of its own, in a file of a new name', async (t) => {
  const { keyId: old } = await json(t, 'merchants add certified --p12 first.p12 --allow-jwt-v1')
  const rotated = await inFolder(t, 'credentials rotate certified')
  assert.equal(rotated.code, 0, rotated.stderr)
  assert.ok(rotated.stderr.includes('Both credentials are good now'))
  assert.ok(rotated.stderr.endsWith(`Then: coatcheck credentials revoke ${String(old)}\n`))
  const [, keyId, file = ''] = /^key id +(\d{22})\np12 +(.+)$/m.exec(rotated.stdout) ?? []
  assert.equal(file, `certified-${keyId}.p12`)
  const { certificatePem } = readP12(readFileSync(join(folder, file)), { password: 'certified' })
  const first = readP12(readFileSync(join(folder, 'first.p12')), { password: 'certified' })
  assert.notEqual(certificatePem, first.certificatePem)
  for (const { kind, allows } of await list(t, 'certified')) {
    assert.deepEqual(
      [kind, allows],
      ['certificate', { jwtV1: true, undated: false, merchants: [] }],
    )
  }
})

test('of several live credentials the one that is named is replaced', async (t) => {
  const { keyId: first } = await json(t, 'merchants add several')
  await json(t, 'credentials add several --p12 several.p12 --allow-jwt-v1')
  const refused = await inFolder(t, 'credentials rotate several')
  assert.equal(refused.code, 1)
  assert.match(
    refused.stderr,
    /2 live credentials already\.\n {2}Revoke .* --replace <key id>\.\n$/,
  )
  const { secret, replaces } = await json(
    t,
    `credentials rotate several --replace ${String(first)}`,
  )
  assert.equal(typeof secret, 'string')
  assert.deepEqual(replaces, [first])
})

test('rotate refuses to replace what is revoked or of another merchant, and leaves no file behind', async (t) => {
  const { keyId } = await json(t, 'merchants add gone')
  await json(t, 'merchants add neighbour')
  await inFolder(t, `credentials revoke ${String(keyId)}`)
  for (const merchant of ['gone', 'neighbour']) {
    const ended = await inFolder(t, `credentials rotate ${merchant} --replace ${String(keyId)}`)
    assert.equal(ended.code, 1)
    assert.match(
      ended.stderr,
      /has no live credential for signing with the key id .*\n {2}See "coatcheck cred/,
    )
  }
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('gone')),
    [],
  )
})

test('a certificate that was revoked is not registered again, for anybody', async (t) => {
  const { keyId } = await json(t, 'merchants add past --p12 past.p12')
  await inFolder(t, `credentials revoke ${String(keyId)}`)
  const ended = await inFolder(t, 'credentials add past --certificate past.p12')
  assert.equal(ended.code, 1)
  assert.equal(
    ended.stderr,
    `coatcheck: The key id ${String(keyId)} is taken.\n  Key ids are unique across merchants, also those of revoked credentials: register another certificate.\n`,
  )
})

test('credentials list shows those of one merchant or of all, revoked ones included', async (t) => {
  const { keyId } = await json(t, 'merchants add listed')
  await inFolder(t, `credentials revoke ${String(keyId)}`)
  const { stdout } = await inFolder(t, 'credentials list listed')
  assert.equal(stdout, `listed  ${String(keyId)}  shared-secret  revoked\n`)
  const all = await list(t)
  assert.ok(all.some((each) => each.keyId === keyId && each.merchantId === 'listed'))
  assert.ok(all.length > 1)
  const nobody = await inFolder(t, 'credentials list nobody')
  assert.match(nobody.stderr, /^coatcheck: There is no merchant nobody\.\n/)
})
