import assert from 'node:assert/strict'
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
import { CARD, REQUEST } from '../cli/flow.ts'
import { ORIGIN, type MadeVault } from '../vault.ts'
import { createBook, type Book, type Session } from './book.ts'

/** How many tokens a session of these tests gives. */
export const TOKENS_PER_SESSION = 2

const SHOPPERS = 4
/** Sessions of each round that are left for the next. */
const LEFT_OPEN = 3
const REQUEST_SECONDS = 15
const PAUSE_AFTER_FAILURE_MILLISECONDS = 100

/** What may come of a request while something is killed; everything else fails the test. */
const ENDURED = ['NETWORK_ERROR', 'SERVICE_UNAVAILABLE', 'RESOURCE_QUOTA_EXCEEDED']

/** A shop under load: its merchant opens sessions, and its shoppers ask each for one token more than it may give. */
export interface Shop {
  readonly book: Book
  /** Opens sessions and leaves them for {@link Shop.useLeftOpen}; fails when none can be opened for 10 seconds. */
  leaveOpen(): Promise<void>
  /** A session that was acknowledged before a kill is good for all its tokens after it, and for no more. */
  useLeftOpen(): Promise<void>
  /** Opens sessions and asks for tokens until the signal comes; few requests are in flight. */
  run(over: AbortSignal): Promise<void>
  /** Reads every acknowledged token back. */
  readBack(): Promise<void>
}

interface ShopOptions {
  readonly vault: MadeVault
  /** Where the next request goes, such as `http://127.0.0.1:4010`. */
  at(): string
  /** Whether a proxy in front may answer for itself, with 502, 503 or 504. Default is false. */
  readonly behindProxy?: boolean
}

/** Opens a shop. */
export async function openShop({ vault, at, behindProxy = false }: ShopOptions): Promise<Shop> {
  const key = await getPublicKey('k1', { origin: at() })
  const book = createBook()
  const clients = new Map<string, Client>()
  const leftOpen: Session[] = []

  function client(): Client {
    const url = at()
    const known = clients.get(url)
    if (known !== undefined) return known
    const made = createClient({ ...vault, url, timeoutSeconds: REQUEST_SECONDS })
    clients.set(url, made)
    return made
  }

  const open = (): Promise<Session | undefined> =>
    attempt(async () => book.addSession(await openSession(client(), key)))

  const redeem = (session: Session): Promise<void> =>
    attempt(
      async () => {
        const card = book.nextCard()
        book.addToken(session, await askForToken(at(), session.context, card), card)
      },
      (reason) => book.addFailure(session, reason),
    ).then(() => undefined)

  /** Does one request, and writes down what came of it. */
  async function attempt<Result>(
    request: () => Promise<Result>,
    onFailure: (reason: string) => void = () => {},
  ): Promise<Result | undefined> {
    const begun = performance.now()
    try {
      const result = await request()
      book.addOutcome('ok', performance.now() - begun)
      return result
    } catch (error) {
      const reason = endure(error, behindProxy)
      book.addOutcome(reason, performance.now() - begun)
      onFailure(reason)
      if (reason !== 'RESOURCE_QUOTA_EXCEEDED') await sleep(PAUSE_AFTER_FAILURE_MILLISECONDS)
      return undefined
    }
  }

  async function shopper(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const session = await open()
      if (session === undefined) continue
      const attempts = Array.from({ length: TOKENS_PER_SESSION + 1 }, () => redeem(session))
      await Promise.all(attempts)
    }
  }

  async function insist<Result>(request: () => Promise<Result | undefined>): Promise<Result> {
    const giveUpAt = performance.now() + 10_000
    for (;;) {
      const result = await request()
      if (result !== undefined) return result
      assert.ok(performance.now() < giveUpAt, 'it is back within 10 seconds')
    }
  }

  return {
    book,
    leaveOpen: async () => {
      while (leftOpen.length < LEFT_OPEN) leftOpen.push(await insist(open))
    },
    useLeftOpen: async () => {
      await insist(open)
      for (const session of leftOpen.splice(0)) {
        for (let token = 0; token < TOKENS_PER_SESSION; token += 1) await redeem(session)
        await redeem(session)
      }
    },
    run: async (over) => {
      await Promise.all(Array.from({ length: SHOPPERS }, () => shopper(over)))
    },
    readBack: async () => {
      const waiting = [...book.tokens]
      const reader = async (): Promise<void> => {
        for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
          const [jti, { expirationMonth, expirationYear }] = next
          const { paymentInformation } = await client().getPaymentDetails(jti)
          assert.equal(paymentInformation?.card?.number, 'XXXXXXXXXXXX1111')
          // Each card is another one: a token stands for its own, and no other stands for it.
          assert.equal(paymentInformation.card.expirationMonth, expirationMonth)
          assert.equal(paymentInformation.card.expirationYear, expirationYear)
        }
      }
      await Promise.all(Array.from({ length: SHOPPERS }, reader))
    },
  }
}

async function openSession(client: Client, publicKey: PublicJwk): Promise<VerifiedCaptureContext> {
  const jwt = await client.generateFlexAPICaptureContext(REQUEST)
  return verifyCaptureContext(jwt, { publicKey, origins: [ORIGIN] })
}

async function askForToken(
  url: string,
  captureContext: VerifiedCaptureContext,
  card: object,
): Promise<string> {
  const token = await createToken({
    captureContext,
    data: { paymentInformation: { card: { ...CARD, ...card } } },
    timeoutSeconds: REQUEST_SECONDS,
    // The public origin is nobody's here.
    fetch: (_address, init) => fetch(`${url}${captureContext.claims.flx.path}`, init),
  })
  const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
  const { jti } = JSON.parse(claims) as { readonly jti: string }
  return jti
}

function endure(error: unknown, behindProxy: boolean): string {
  if (!(error instanceof FlexError)) throw error
  if (ENDURED.includes(error.reason)) {
    const isRefusal = error.reason === 'SERVICE_UNAVAILABLE'
    assert.ok(!isRefusal || error.retryAfterSeconds === 1, 'a 503 says when to come back')
    return error.reason
  }
  if (behindProxy && [502, 503, 504].includes(error.status)) return `PROXY_${error.status}`
  throw error
}
