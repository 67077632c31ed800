import { systemClock, systemRandom } from '../clock-and-random.ts'
import type { Config } from '../config.ts'
import { createKeyKeeper, type KeyKeeper } from '../keys/keep-keys.ts'
import type { KeyKind } from '../keys/key-records.ts'
import { auditPolicy, sealingPolicy, signingPolicy, type KeyPolicy } from '../keys/plan.ts'
import { withVault, type Vault } from './vault.ts'

const DAY_SECONDS = 24 * 3600

/** The policies that a configuration asks for. */
export function keyPolicies({
  rotateSigningDays,
  rotateSealingDays,
  rotateAuditDays,
  keyStageSeconds,
}: Config): Readonly<Record<KeyKind, KeyPolicy>> {
  return {
    'signing-key': signingPolicy(rotateSigningDays * DAY_SECONDS, keyStageSeconds),
    'sealing-key': sealingPolicy(rotateSealingDays * DAY_SECONDS, keyStageSeconds),
    'audit-key': auditPolicy(rotateAuditDays * DAY_SECONDS, keyStageSeconds),
  }
}

/** Opens the vault, and what keeps its keys, runs, and closes it again. Throws OperatorError. */
export function withKeeper<T>(
  config: Config,
  run: (vault: Vault & { readonly keeper: KeyKeeper }) => Promise<T>,
): Promise<T> {
  return withVault(config, (vault) => {
    const { store, root } = vault
    const keeper = createKeyKeeper({ store, root, now: systemClock, random: systemRandom })
    return run({ ...vault, keeper })
  })
}
