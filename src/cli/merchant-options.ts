import { InvalidArgumentError, type Command } from 'commander'
import type { SessionKeyPolicy } from '../merchant/merchant.ts'
import { choiceOption } from './choice-option.ts'

/** The settings of a merchant, as flags. */
export interface MerchantOptions {
  readonly sessionKeys: SessionKeyPolicy
  readonly tokensPerSession?: number
  readonly attemptsPerSession?: number
}

/** Adds the flags of a merchant's settings to a command. */
export function addMerchantOptions(command: Command): Command {
  return command
    .addOption(
      choiceOption('--session-keys <policy>', 'a key for each session, or for some seconds', [
        'one-time',
        'rotated',
      ]).default('one-time'),
    )
    .option('--tokens-per-session <count>', 'transient tokens that a session may give', parseCount)
    .option('--attempts-per-session <count>', 'opened attempts that a session may see', parseCount)
}

function parseCount(text: string): number {
  if (/^[1-9][0-9]{0,3}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is a whole number from 1 to 9999.')
}
