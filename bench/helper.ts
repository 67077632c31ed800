import { fork } from 'node:child_process'

/** A process of the benchmark that answers one question after the other. */
export interface Helper<Question, Answer> {
  /** Rejects when the process ends instead of answering. */
  ask(question: Question): Promise<Answer>
  readonly pid: number
  stop(): void
}

/**
 * Starts a helper process. `file` is its module in `processes/`, which calls {@link answerQuestions}.
 *
 * @param nodeArguments - what Node is started with. Default is nothing.
 */
export function startHelper<Question extends object, Answer>(
  file: URL,
  nodeArguments: readonly string[] = [],
): Helper<Question, Answer> {
  const child = fork(file, [], {
    serialization: 'advanced',
    execArgv: [...nodeArguments],
    // A log is read and dropped.
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  child.stdout?.resume()

  function ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const onExit = (): void => reject(new Error(`${file.pathname} ended without an answer`))
      child.once('exit', onExit)
      child.once('message', (answer) => {
        child.off('exit', onExit)
        resolve(answer as Answer)
      })
      child.send(question)
    })
  }

  return { ask, pid: child.pid ?? 0, stop: () => child.disconnect() }
}

/** Answers the questions that come to this process, until nobody is left to ask. */
export function answerQuestions(answer: (question: never) => unknown): void {
  process.on('message', (question) => {
    void Promise.resolve(answer(question as never)).then((reply) => process.send?.(reply))
  })
  process.on('disconnect', () => process.exit())
}
