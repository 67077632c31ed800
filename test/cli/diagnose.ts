import assert from 'node:assert/strict'
import { run, type Scope } from '../process.ts'
import { ORIGIN } from '../vault.ts'

/** What `doctor` finds: its exit code, its problems, and the text of all findings. */
export interface Diagnosis {
  readonly code: number | null
  readonly problems: readonly string[]
  readonly text: string
}

/** Runs `doctor --json`. */
export async function diagnose(t: Scope, args: readonly string[]): Promise<Diagnosis> {
  const all = ['doctor', '--no-measure', '--json', '--origin', ORIGIN, ...args]
  const { code, stdout, stderr } = await run(t, all)
  assert.equal(stderr, '')
  const { findings } = JSON.parse(stdout) as {
    readonly findings: readonly { readonly severity: string; readonly what: string }[]
  }
  const of = (severity: string): readonly string[] =>
    findings.filter((finding) => finding.severity === severity).map(({ what }) => what)
  return { code, problems: of('problem'), text: findings.map(({ what }) => what).join('\n') }
}
