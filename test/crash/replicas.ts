import assert from 'node:assert/strict'
import { serve, workersOf, type Serving } from '../cli/serving.ts'
import type { Scope } from '../process.ts'
import { findPort } from '../store/postgres-server.ts'
import type { MadeVault } from '../vault.ts'

/** Replicas of `serve` on one store, which are killed and started again. */
export interface Replicas {
  /** Where the next one listens, in turns; one that was killed and is not back is among them. */
  readonly at: () => string
  get(index: number): Serving
  /** Kills a replica's primary, and by default whatever it has started too. */
  kill(index: number, only?: 'primary' | 'worker'): void
  /** Starts a replica that was killed again. */
  restart(index: number): Promise<void>
  /** Ends all in order. */
  stop(): Promise<void>
}

/** How replicas are started. */
export interface ReplicaOptions {
  readonly vault: MadeVault
  readonly count: number
  /** Flags beside those of every test. */
  readonly args?: readonly string[]
}

/** Starts replicas, one worker each, on ports that they have again after a restart. */
export async function startReplicas(
  scope: Scope,
  { vault, count, args = [] }: ReplicaOptions,
): Promise<Replicas> {
  const plain = ['--log-level', 'error', '--workers', '1', ...args]
  const ports = await Promise.all(
    Array.from({ length: count }, async () => {
      const [port, operatorPort] = [await findPort(), await findPort()]
      return ['--port', `${port}`, '--operator-port', `${operatorPort}`]
    }),
  )
  const start = (index: number): Promise<Serving> =>
    serve(scope, vault, { args: [...plain, ...(ports[index % count] ?? [])] })
  const running = await Promise.all(Array.from({ length: count }, (_, index) => start(index)))
  let turn = 0

  function get(index: number): Serving {
    const replica = running[index % count]
    assert.ok(replica)
    return replica
  }

  return {
    at: () => get((turn += 1)).credentials.url,
    get,
    kill: (index, only) => {
      const { pid } = get(index)
      if (only === 'worker') process.kill(workersOf(pid)[0] ?? 0, 'SIGKILL')
      else process.kill(only === 'primary' ? pid : -pid, 'SIGKILL')
    },
    restart: async (index) => {
      await get(index).ended
      running[index % count] = await start(index)
    },
    stop: async () => {
      for (const replica of running) replica.kill('SIGTERM')
      for (const { ended } of running) {
        const { code, stderr } = await ended
        assert.equal(code, 0, stderr)
      }
    },
  }
}
