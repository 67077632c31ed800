import { DATES, REQUEST_TARGETS } from './base.ts'

/** What a credential demands of the list of signed components. */
export interface CoveragePolicy {
  /** Whether the time of signing must be signed. Only a credential that opted out, by name, may lack it. */
  readonly date: 'required' | 'opt-out-by-credential'
}

interface Demand {
  /** Any one of these satisfies the demand; the first is how the demand is called. */
  readonly anyOf: readonly [string, ...string[]]
  readonly applies: (request: { readonly hasBody: boolean }, policy: CoveragePolicy) => boolean
}

const DEMANDS: readonly Demand[] = [
  { anyOf: ['host'], applies: () => true },
  { anyOf: ['date', ...DATES], applies: (_, policy) => policy.date !== 'opt-out-by-credential' },
  { anyOf: ['request-target', ...REQUEST_TARGETS], applies: () => true },
  { anyOf: ['digest'], applies: (request) => request.hasBody },
  { anyOf: ['v-c-merchant-id'], applies: () => true },
]

/**
 * Returns the components that had to be signed and are not in the list; none means that the list covers enough.
 *
 * A signer may sign more, never less. `date` stands for `date` or `v-c-date`, `request-target` for either spelling.
 * `hasBody` is true when at least one body byte was received, whatever the method; the service refuses a
 * GET or HEAD with one before.
 */
export function checkCoverage(
  components: readonly string[],
  request: { readonly hasBody: boolean },
  policy: CoveragePolicy,
): readonly string[] {
  return DEMANDS.filter(({ applies }) => applies(request, policy))
    .filter(({ anyOf }) => !anyOf.some((name) => components.includes(name)))
    .map(({ anyOf }) => anyOf[0])
}

/**
 * Returns which listed components carry the time: their values, read with `componentValues`, and no others are to be
 * checked against the clock. When both are signed, both must be within the tolerance. Empty when no time was signed.
 */
export function dateComponent(components: readonly string[]): readonly string[] {
  return DATES.filter((name) => components.includes(name))
}
