import type { Worker } from 'node:cluster'
import { OperatorError } from '../errors.ts'
import { readStartFailure } from './start-failure.ts'
import type { StopSignal } from './stop-on-signal.ts'

const RESTART_MILLISECONDS = 500
const ENDED = new OperatorError('A worker could not start.', 'What stands above says why.')

/** How a worker ended: by a code of its own, or by a signal; by neither where it could not be started. */
interface WorkerEnd {
  readonly code: number | null
  readonly signal: string | null
  /** Why it did not start, where it said so. */
  readonly failure?: OperatorError | undefined
}

interface WorkerNeeds {
  fork(): Worker
  /** Told of a worker that ended by itself; it is replaced. */
  onCrash(worker: Worker, end: WorkerEnd): void
}

/** The worker processes of a vault. */
export interface Workers {
  /**
   * Starts one worker and, once that listens, the others. Resolves to the port.
   *
   * @throws OperatorError when one of them cannot listen.
   */
  start(): Promise<number>
  /** Those that listen now. */
  listening(): readonly Worker[]
  /** Lets every worker finish its requests and end, after its drain unless the signal is SIGINT. May be repeated. */
  stop(signal: StopSignal): Promise<void>
}

/** Makes the workers; none is started yet. */
export function createWorkers(count: number, needs: WorkerNeeds): Workers {
  const running = new Set<Worker>()
  const listening = new Set<Worker>()
  let stopping = false

  // One that is still starting would find nobody there, and its runtime would say so in a trace; it has served nobody yet.
  process.once('exit', () => {
    for (const worker of running) if (!listening.has(worker)) worker.process.kill('SIGKILL')
  })

  function launch(
    onListening: (port: number) => void,
    onFailure: (worker: Worker, end: WorkerEnd) => void,
  ): void {
    const worker = needs.fork()
    running.add(worker)
    let failure: OperatorError | undefined
    const onEnd = (code: number | null, signal: string | null): void => {
      const next = listening.delete(worker) ? replace : onFailure
      running.delete(worker)
      next(worker, { code, signal, failure })
    }
    worker.on('message', (message: unknown) => {
      failure ??= readStartFailure(message)
    })
    worker.once('listening', ({ port }) => {
      listening.add(worker)
      onListening(port)
    })
    worker.once('exit', onEnd)
    // One that was started is dying, and something did not reach it: its exit follows.
    worker.on('error', () => {
      if (worker.process.pid === undefined) onEnd(null, null)
    })
  }

  function replace(worker: Worker, end: WorkerEnd): void {
    if (stopping) return
    needs.onCrash(worker, end)
    setTimeout(() => {
      if (!stopping) launch(() => undefined, replace)
    }, RESTART_MILLISECONDS)
  }

  function startOne(): Promise<number> {
    return new Promise((resolve, reject) =>
      launch(resolve, (_worker, { failure = ENDED }) => reject(failure)),
    )
  }

  async function start(): Promise<number> {
    const port = await startOne()
    await Promise.all(Array.from({ length: count - 1 }, startOne))
    return port
  }

  async function stop(signal: StopSignal): Promise<void> {
    stopping = true
    const ended = [...running].map(
      (worker) => new Promise<void>((resolve) => worker.once('exit', () => resolve())),
    )
    for (const worker of running) worker.process.kill(signal)
    await Promise.all(ended)
  }

  return { start, listening: () => [...listening], stop }
}
