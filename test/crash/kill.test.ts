import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  createClient,
  createToken,
  FlexError,
  getPublicKey,
  verifyCaptureContext,
  type Client,
  type PublicJwk,
  type VerifiedCaptureContext,
} from '../../src/client/index.ts'
import { SQLITE_FILES } from '../../src/store/sqlite.ts'
import { CARD, REQUEST } from '../cli/flow.ts'
import { NO_PROC, serve, workersOf, type Serving } from '../cli/serving.ts'
import { makeVault, ORIGIN, type MadeVault } from '../vault.ts'

const ROUNDS = 8
const SHOPPERS = 6
const TOKENS_PER_SESSION = 2
/** Sessions of each round that are left for the next. */
const LEFT_OPEN = 4

/** How a round ends. The first leaves the workers behind for a moment, as a killed primary does. */
const KILLS: readonly ((serving: Serving) => void)[] = [
  ({ pid }) => process.kill(pid, 'SIGKILL'),
  ({ pid }) => process.kill(-pid, 'SIGKILL'),
]

/** Everything that was acknowledged, over all rounds. */
interface Acknowledged {
  readonly kids: Set<string>
  /** The ids of transient tokens, by the kid of their session. */
  readonly tokens: Map<string, string[]>
  readonly leftOpen: VerifiedCaptureContext[]
}

/** One run of the service, between two kills. */
interface Round {
  /** Whether the service was killed. */
  isOver: boolean
  readonly client: Client
  readonly url: string
  readonly key: PublicJwk
  readonly acknowledged: Acknowledged
}

/** A session that is acknowledged is one that nobody was given before. */
async function openSession({ client, key, acknowledged }: Round): Promise<VerifiedCaptureContext> {
  const jwt = await client.generateFlexAPICaptureContext(REQUEST)
  const context = await verifyCaptureContext(jwt, { publicKey: key, origins: [ORIGIN] })
  const { kid } = context.claims.flx.jwk
  assert.ok(!acknowledged.kids.has(kid), 'a kid was issued twice')
  acknowledged.kids.add(kid)
  return context
}

async function redeem(
  { url, acknowledged }: Round,
  captureContext: VerifiedCaptureContext,
): Promise<void> {
  const token = await createToken({
    captureContext,
    data: { paymentInformation: { card: CARD } },
    // The public origin is nobody's here.
    fetch: (_address, init) => fetch(`${url}${captureContext.claims.flx.path}`, init),
  })
  const { kid } = captureContext.claims.flx.jwk
  const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
  const { jti } = JSON.parse(claims) as { readonly jti: string }
  const tokens = acknowledged.tokens.get(kid) ?? []
  tokens.push(jti)
  acknowledged.tokens.set(kid, tokens)
  assert.ok(tokens.length <= TOKENS_PER_SESSION, 'a session gave more tokens than it may')
}

/** Opens sessions and asks each for one token more than it may give, until the service is gone. */
async function shop(round: Round): Promise<void> {
  while (!round.isOver) {
    try {
      const context = await openSession(round)
      const attempts = Array.from({ length: TOKENS_PER_SESSION + 1 }, () => redeem(round, context))
      const refusals = (await Promise.allSettled(attempts)).filter(
        ({ status }) => status === 'rejected',
      )
      for (const { reason } of refusals as readonly PromiseRejectedResult[]) expectQuota(reason)
    } catch (error) {
      // What was in the hands of a process that was killed.
      if (!(error instanceof FlexError) || error.reason !== 'NETWORK_ERROR') throw error
    }
  }
}

function expectQuota(reason: unknown): void {
  if (reason instanceof FlexError && reason.reason === 'RESOURCE_QUOTA_EXCEEDED') return
  throw reason
}

/** Reads every acknowledged token back. */
async function readBack({ client, acknowledged }: Round): Promise<void> {
  for (const jti of [...acknowledged.tokens.values()].flat()) {
    const details = await client.getPaymentDetails(jti)
    assert.equal(details.paymentInformation?.card?.number, 'XXXXXXXXXXXX1111')
  }
}

async function startRound(
  t: TestContext,
  vault: MadeVault,
  acknowledged: Acknowledged,
): Promise<{ readonly serving: Serving; readonly round: Round }> {
  const serving = await serve(t, vault, { args: ['--log-level', 'error'] })
  const { url } = serving.credentials
  const key = await getPublicKey('k1', { origin: url })
  const client = createClient(serving.credentials)
  return { serving, round: { isOver: false, client, url, key, acknowledged } }
}

test(
  'killing serve at any moment loses nothing that was acknowledged, and gives nothing twice',
  {
    skip: NO_PROC,
  },
  async (t) => {
    const vault = await makeVault(6000, { tokensPerSession: TOKENS_PER_SESSION })
    const acknowledged: Acknowledged = { kids: new Set(), tokens: new Map(), leftOpen: [] }
    for (let number = 0; number < ROUNDS; number += 1) {
      const { serving, round } = await startRound(t, vault, acknowledged)
      // A session that was acknowledged before the kill is good for all its tokens after it.
      for (const context of acknowledged.leftOpen.splice(0)) {
        await redeem(round, context)
        await redeem(round, context)
        await assert.rejects(redeem(round, context), { reason: 'RESOURCE_QUOTA_EXCEEDED' })
      }
      for (let left = 0; left < LEFT_OPEN; left += 1) {
        acknowledged.leftOpen.push(await openSession(round))
      }
      const shoppers = Promise.all(Array.from({ length: SHOPPERS }, () => shop(round)))
      await sleep(200 + Math.random() * 500)
      if (number % 4 === 3) {
        const [worker = 0] = workersOf(serving.pid)
        process.kill(worker, 'SIGKILL')
        await sleep(800)
      }
      round.isOver = true
      KILLS[number % KILLS.length]?.(serving)
      await shoppers
    }
    const { serving, round } = await startRound(t, vault, acknowledged)
    await readBack(round)
    serving.kill('SIGTERM')
    assert.equal((await serving.ended).code, 0)
    for (const file of Object.values(SQLITE_FILES)) {
      const db = new DatabaseSync(join(vault.data, file), { readOnly: true })
      assert.deepEqual({ ...db.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' })
      db.close()
    }
    const tokens = [...acknowledged.tokens.values()].flat().length
    t.diagnostic(`${acknowledged.kids.size} sessions and ${tokens} tokens over ${ROUNDS} kills`)
    assert.ok(acknowledged.kids.size > 100 && tokens > 100, 'enough to prove something')
  },
)
