import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { FlexError, type VerifiedCaptureContext } from '../../src/client/index.ts'
import { run, until } from '../process.ts'
import { makeVault, ORIGIN, type MadeVault } from '../vault.ts'
import { createFlow, type Credentials, type Flow } from './flow.ts'
import { serve, type Serving } from './serving.ts'

/** Sessions, tokens and details without a pause, one after the other. */
interface Load {
  /** What was refused, or failed otherwise. */
  readonly faults: unknown[]
  /** How many transient tokens were made and read back. */
  readonly done: number
  /** The signing key of the last session. */
  readonly kid: string
  /** Goes on as another. */
  use(flow: Flow): void
  stop(): Promise<void>
}

function startLoad(flow: Flow): Load {
  const faults: unknown[] = []
  const state = { flow, done: 0, kid: '', isRunning: true }
  const loop = async (): Promise<void> => {
    while (state.isRunning) {
      try {
        const used = state.flow
        const context = await used.openSession()
        state.kid = kidOf(context)
        const { jti } = await used.redeem(context)
        await used.client.getPaymentDetails(jti)
        state.done += 1
      } catch (error) {
        faults.push(error)
      }
      await sleep(20)
    }
  }
  const loops = [loop(), loop()]
  return {
    faults,
    get done() {
      return state.done
    },
    get kid() {
      return state.kid
    },
    use: (next) => {
      state.flow = next
    },
    async stop() {
      state.isRunning = false
      await Promise.all(loops)
    },
  }
}

function kidOf({ jwt }: VerifiedCaptureContext): string {
  const header = Buffer.from(jwt.split('.', 1)[0] ?? '', 'base64url').toString()
  return (JSON.parse(header) as { readonly kid: string }).kid
}

function flowOf({ credentials }: Serving, changes: Partial<Credentials> = {}): Flow {
  const merchant = { ...credentials, authentication: 'http_signature', ...changes } as const
  return createFlow(merchant, { origin: ORIGIN, timeoutSeconds: 5 })
}

async function command(t: TestContext, vault: MadeVault, ...args: readonly string[]) {
  const where = ['--data', vault.data, '--root-key-file', vault.rootKeyFile]
  const { code, stdout, stderr } = await run(t, [...args, ...where, '--json'])
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as Record<string, unknown>
}

/** The status of a public key at both workers: each new connection is given to the next of them. */
async function publicKeyAt({ credentials }: Serving, kid: string): Promise<readonly number[]> {
  const ask = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const url = `${credentials.url}/flex/v2/public-keys/${kid}`
      const asking = request(url, { agent: false, headers: { connection: 'close' } }, (reply) => {
        reply.resume()
        resolve(reply.statusCode ?? 0)
      })
      asking.on('error', reject).end()
    })
  const statuses: number[] = []
  for (let connection = 0; connection < 6; connection += 1) statuses.push(await ask())
  return statuses
}

/** Tells whether every one of some requests of a merchant is refused for its credential. */
async function isRefused(flow: Flow): Promise<boolean> {
  const refused = await Promise.all(
    Array.from({ length: 8 }, () =>
      flow.openSession().then(
        () => false,
        (error: unknown) => error instanceof FlexError && error.status === 401,
      ),
    ),
  )
  return refused.every(Boolean)
}

/** How long something takes to come true, in seconds. */
async function secondsUntil(serving: Serving, look: () => Promise<boolean>): Promise<number> {
  const startedAt = performance.now()
  await until(look, serving)
  return (performance.now() - startedAt) / 1000
}

test('root key, signing key, sealing key and a secret are changed under load without one refused request', async (t) => {
  const vault = await makeVault(3000)
  const serving = await serve(t, vault)
  const load = startLoad(flowOf(serving))
  const early = await flowOf(serving).openSession()
  assert.equal(kidOf(early), 'k1')

  await command(t, vault, 'keys', 'rewrap')
  const stage = ['--key-stage-seconds', '5'] as const
  await command(t, vault, 'keys', 'rotate', 'signing', ...stage)
  await command(t, vault, 'keys', 'rotate', 'sealing', ...stage)
  const renewed = await command(t, vault, 'credentials', 'rotate', vault.merchantId)
  const { keyId, secret } = renewed as Pick<Credentials, 'keyId' | 'secret'>
  load.use(flowOf(serving, { keyId, secret }))
  await until(() => load.kid !== 'k1', serving)
  const { done } = load
  await until(() => load.done > done + 50, serving)

  await command(t, vault, 'credentials', 'revoke', vault.keyId)
  const old = flowOf(serving)
  const revoking = await secondsUntil(serving, () => isRefused(old))
  assert.ok(revoking < 10, `a credential was good for ${revoking} seconds more`)

  assert.deepEqual(new Set(await publicKeyAt(serving, 'k1')), new Set([200]))
  await command(t, vault, 'keys', 'revoke', 'k1')
  const unpublishing = await secondsUntil(serving, async () =>
    (await publicKeyAt(serving, 'k1')).every((status) => status === 404),
  )
  assert.ok(unpublishing < 10, `a signing key was good for ${unpublishing} seconds more`)
  await assert.rejects(flowOf(serving, { keyId, secret }).redeem(early), (error) => {
    assert.ok(error instanceof FlexError)
    return error.reason === 'VALIDATION_ERROR'
  })
  await load.stop()
  assert.deepEqual(load.faults, [])
  const { keys } = await command(t, vault, 'keys', 'list')
  const states = (keys as readonly { kind: string; state: string }[]).map(
    ({ kind, state }) => `${kind} ${state}`,
  )
  assert.deepEqual(states, [
    'signing key gone',
    'signing key active',
    'sealing key retired',
    'sealing key active',
    'audit key active',
  ])
})

test('serve makes the next keys by itself when they are due, and every worker publishes them', async (t) => {
  const vault = await makeVault(8)
  // As old as its stage is long before its end: due at once.
  const days = ['--rotate-signing-days', '1', '--rotate-sealing-days', '1']
  const serving = await serve(t, vault, { args: [...days, '--key-stage-seconds', '86400'] })
  const staged = async (kind: string): Promise<string | undefined> => {
    const { keys } = await command(t, vault, 'keys', 'list')
    const shown = keys as readonly Record<'kind' | 'id' | 'state', string>[]
    return shown.find((key) => key.kind === kind && key.state === 'staged')?.id
  }
  const kid = await until(() => staged('signing key'), serving)
  await until(() => staged('sealing key'), serving)
  await until(async () => {
    const statuses = await publicKeyAt(serving, kid)
    return statuses.every((status) => status === 200)
  }, serving)
  assert.equal(kidOf(await serving.flow.openSession()), 'k1')
  assert.match(serving.output.stdout, /"change":"made"/)
})
