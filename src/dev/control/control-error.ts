/** A call as it would be right. */
export interface Example {
  readonly method: string
  readonly path: string
  readonly body?: unknown
}

interface Explanation {
  readonly problem: string
  readonly fix: string
  /** What the service replied, where it was the service that refused. */
  readonly reply?: { readonly status: number; readonly body: string }
}

/** The refusal of a control call. */
export class ControlError extends Error {
  override readonly name = 'ControlError'
  readonly status: number
  readonly explanation: Explanation

  constructor(status: number, explanation: Explanation) {
    super(`${explanation.problem} ${explanation.fix}`)
    this.status = status
    this.explanation = explanation
  }
}

/** Writes the body of a refusal, with a call as it would be right where one is known. */
export function controlErrorBody(explanation: Explanation, example: Example | undefined): object {
  const { problem, fix, reply } = explanation
  const shown = example === undefined ? '' : ` Send for example: ${writeExample(example)}`
  const error = {
    problem,
    fix: `${fix}${shown}`,
    ...(example === undefined ? {} : { example }),
    ...(reply === undefined ? {} : { reply }),
  }
  return { error }
}

function writeExample({ method, path, body }: Example): string {
  return `${method} ${path}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`
}
