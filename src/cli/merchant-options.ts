import { InvalidArgumentError, type Command } from 'commander'
import type { SessionKeyPolicy } from '../merchant/merchant.ts'

/** The settings of a merchant, as flags. */
export interface MerchantOptions {
  readonly sessionKeys: SessionKeyPolicy
  readonly tokensPerSession?: number
  readonly attemptsPerSession?: number
}

/** Adds the flags of a merchant's settings to a command. */
export function addMerchantOptions(command: Command): Command {
  return command
    .option('--session-keys <policy>', 'one-time or rotated', parsePolicy, 'one-time')
    .option('--tokens-per-session <count>', 'transient tokens that a session may give', parseCount)
    .option('--attempts-per-session <count>', 'opened attempts that a session may see', parseCount)
}

function parsePolicy(text: string): SessionKeyPolicy {
  if (text === 'one-time' || text === 'rotated') return text
  throw new InvalidArgumentError('It is one-time or rotated.')
}

function parseCount(text: string): number {
  if (/^[1-9][0-9]{0,3}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is a whole number from 1 to 9999.')
}
