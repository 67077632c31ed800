import type { JSX } from 'preact'
import type { Step } from '../control/answers.ts'
import { milliseconds } from '../words.ts'

/** The checks of a request in their order: which passed, which one did not, and how long each took. */
export function Steps({ steps }: { readonly steps: readonly Step[] }): JSX.Element {
  if (steps.length === 0) return <p class="quiet">It came to no check.</p>
  const longest = Math.max(...steps.map((_step, index) => tookOf(steps, index)), 0.1)
  return (
    <ol class="steps">
      {steps.map((step, index) => (
        <li key={`${index} ${step.step}`} class={step.outcome}>
          <span class="mark" aria-hidden="true">
            {step.outcome === 'passed' ? '✓' : '✕'}
          </span>
          <span>
            {step.step} <span class="word">{step.outcome}</span>
            {step.reason === null ? null : <code>{step.reason}</code>}
          </span>
          <svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
            <rect width={(100 * tookOf(steps, index)) / longest} height="4" />
          </svg>
          <span class="duration">{milliseconds(tookOf(steps, index))}</span>
        </li>
      ))}
    </ol>
  )
}

/** Steps say when they ended, counted from the arrival of the request. */
function tookOf(steps: readonly Step[], index: number): number {
  const before = steps[index - 1]?.milliseconds ?? 0
  return Math.max(0, (steps[index]?.milliseconds ?? 0) - before)
}
