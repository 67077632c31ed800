/** How much a finding matters: a `problem` keeps the vault from running or from protecting, a `warning` will bite. */
export type Severity = 'ok' | 'note' | 'warning' | 'problem'

/** One thing that was looked at. */
export interface Finding {
  readonly severity: Severity
  /** One sentence. */
  readonly what: string
  /** What to do, one sentence; absent when nothing is to be done. */
  readonly fix?: string
}

/** A finding that all is well. */
export function ok(what: string): Finding {
  return { severity: 'ok', what }
}

/** A finding that is worth knowing. */
export function note(what: string, fix: string): Finding {
  return { severity: 'note', what, fix }
}

/** A finding that will bite some day. */
export function warning(what: string, fix: string): Finding {
  return { severity: 'warning', what, fix }
}

/** A finding that keeps the vault from running, or from protecting what it holds. */
export function problem(what: string, fix: string): Finding {
  return { severity: 'problem', what, fix }
}
