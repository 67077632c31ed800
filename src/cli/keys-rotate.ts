import { Argument, Command } from 'commander'
import { systemClock } from '../clock-and-random.ts'
import type { Config } from '../config.ts'
import type { KeyChange } from '../keys/carry-out.ts'
import { stateOf } from '../keys/key-life.ts'
import type { KeyKind } from '../keys/key-records.ts'
import { keyPolicies, withKeeper } from './keeper.ts'
import { createPrinter } from './print.ts'
import { addSettings, readSettings } from './settings.ts'
import { dateInWords } from '../inspect/time-in-words.ts'
import { VAULT_SETTINGS } from './vault.ts'

interface RotateOptions {
  readonly json?: true
}

const KINDS = { signing: 'signing-key', sealing: 'sealing-key', audit: 'audit-key' } as const

/** Makes the command `coatcheck keys rotate`. */
export function rotateCommand(): Command {
  const command = new Command('rotate')
    .description('Make the next signing, sealing or audit key and schedule its turn.')
    .addArgument(new Argument('<kind>', 'which key').choices(Object.keys(KINDS)))
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nServe rotates by itself, by its settings; this is for doing it earlier.\n\nExamples:\n  coatcheck keys rotate signing\n  coatcheck keys rotate sealing --key-stage-seconds 60',
    )
    .action((kind: keyof typeof KINDS, options: RotateOptions) =>
      rotate(KINDS[kind], options, readSettings({ ...options })),
    )
  return addSettings(command, [...VAULT_SETTINGS, 'keyStageSeconds'])
}

/** Makes the command `coatcheck keys revoke`. */
export function revokeCommand(): Command {
  const command = new Command('revoke')
    .description('Unpublish a signing key and refuse what it has signed, within 10 seconds.')
    .argument('<kid>', 'key id, as "coatcheck keys list" shows it')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nSessions that the key has opened are lost. The active key is replaced first.\n\nExample:\n  coatcheck keys revoke k7',
    )
    .action((kid: string, options: RotateOptions) =>
      revoke(kid, options, readSettings({ ...options })),
    )
  return addSettings(command, VAULT_SETTINGS)
}

async function rotate(kind: KeyKind, { json }: RotateOptions, config: Config): Promise<void> {
  const printer = createPrinter(json === true)
  await withKeeper(config, async ({ keeper }) => {
    const changes = await keeper.rotate(kind, keyPolicies(config)[kind])
    printer.result(changes.map(describeChange).join('\n'), { keys: changes.map(show) })
  })
}

async function revoke(kid: string, { json }: RotateOptions, config: Config): Promise<void> {
  const printer = createPrinter(json === true)
  await withKeeper(config, async ({ keeper }) => {
    const changes = await keeper.revoke(kid)
    const others = changes.filter(({ id }) => id !== kid).map(describeChange)
    const text = [`${kid} is revoked: every process refuses it within 10 seconds.`, ...others]
    printer.result(text.join('\n'), { revoked: kid, keys: changes.map(show) })
  })
}

const WORDS = {
  'signing-key': {
    name: 'Signing key',
    known: 'published',
    works: 'signs',
    end: 'published until',
  },
  'sealing-key': { name: 'Sealing key', known: 'known', works: 'seals', end: 'good to open until' },
  'audit-key': {
    name: 'Audit key',
    known: 'known',
    works: 'signs',
    end: 'erased, but for its public half, on',
  },
} as const

/** Says in one sentence what will become of a key. */
function describeChange({ kind, id, change, life }: KeyChange): string {
  const { name, known, works, end } = WORDS[kind]
  if (change === 'made') {
    return `${name} ${id} is ${known} from now on, and ${works} from ${dateInWords(life.activeFrom)}.`
  }
  if (life.retiredAt === undefined || life.goneAt === undefined) {
    const isActive = stateOf(life, systemClock()) === 'active'
    return `${name} ${id} ${isActive ? 'stays active' : `${works} from ${dateInWords(life.activeFrom)}`}.`
  }
  return `${name} ${id} ${works} until ${dateInWords(life.retiredAt)}, and is ${end} ${dateInWords(life.goneAt)}.`
}

function show({ kind, id, change, life }: KeyChange): object {
  return { kind: kind.replace('-', ' '), id, change, ...life }
}
