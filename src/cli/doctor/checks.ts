import { checkClock } from './check-clock.ts'
import { checkConfiguration } from './check-configuration.ts'
import { checkCredentials } from './check-credentials.ts'
import { checkDatabase } from './check-database.ts'
import { checkDataPermissions, checkRootKey } from './check-files.ts'
import { checkKeys } from './check-keys.ts'
import { checkPools } from './check-pools.ts'
import { checkDisk, checkStore } from './check-store.ts'
import { checkTls } from './check-tls.ts'
import type { Facts } from './facts.ts'
import type { Finding } from './finding.ts'

/** An area that is judged by checks of its own. */
interface Area {
  readonly area: string
  readonly checks: readonly ((facts: Facts) => readonly Finding[])[]
}

/** What was found in an area. */
export interface Findings {
  readonly area: string
  readonly findings: readonly Finding[]
}

/** Every check, in the order of the report. */
const AREAS: readonly Area[] = [
  { area: 'store', checks: [checkStore, checkDatabase, checkDataPermissions, checkDisk] },
  { area: 'root key', checks: [checkRootKey] },
  { area: 'keys', checks: [checkKeys] },
  { area: 'merchants', checks: [checkCredentials] },
  { area: 'session keys', checks: [checkPools] },
  { area: 'clock', checks: [checkClock] },
  { area: 'TLS', checks: [checkTls] },
  { area: 'configuration', checks: [checkConfiguration] },
]

/** Runs every check on what was observed; an area in which nothing was found is left out. */
export function runChecks(facts: Facts): readonly Findings[] {
  return AREAS.map(({ area, checks }) => ({
    area,
    findings: checks.flatMap((check) => check(facts)),
  })).filter(({ findings }) => findings.length > 0)
}
