import { Command, InvalidArgumentError } from 'commander'
import {
  readReleases,
  verifyReleases,
  type ChainHead,
  type FoundEntry,
  type ReleaseReport,
} from '../audit/verify-releases.ts'
import { administer, administrativeCommand, type AdministrativeOptions } from './administer.ts'
import { examples } from './examples.ts'
import { EXIT } from './print.ts'

interface VerifyOptions extends AdministrativeOptions {
  readonly head?: readonly ChainHead[]
}

/** Makes the command `coatcheck audit`. */
export function auditCommand(): Command {
  const list = administrativeCommand('list', 'List the releases of cards, oldest first.')
    .addHelpText('after', examples('coatcheck audit list', 'coatcheck audit list --json'))
    .action((options: AdministrativeOptions) =>
      administer(options, async (_administration, printer, { store, sealer }) => {
        const found = await readReleases(store, sealer)
        printer.result(describeReleases(found), found.toSorted(byTime).map(toJson))
      }),
    )
  const verify = administrativeCommand(
    'verify',
    'Check that no release was changed or removed; exits with 1 when one was.',
  )
    .option(
      '--head <head>',
      'a head that the log has (<chain>:<sequence>:<hash>), which must be there; repeatable',
      addHead,
    )
    .addHelpText('after', examples('coatcheck audit verify', 'coatcheck audit verify --json'))
    .action((options: VerifyOptions) =>
      administer(options, async (_administration, printer, { store, sealer }) => {
        const report = verifyReleases(await readReleases(store, sealer), options.head)
        if (report.faults.length > 0) process.exitCode = EXIT.problem
        printer.result(describeReport(report), { valid: report.faults.length === 0, ...report })
      }),
    )
  const command = new Command('audit')
    .description('List the releases of cards, and check that their trail is whole.')
    .addHelpText('after', examples('coatcheck audit list', 'coatcheck audit verify'))
  for (const child of [list, verify]) command.addCommand(child)
  return command
}

const HEAD = /^([0-9a-f-]{36}):([1-9][0-9]{0,11}):([0-9a-f]{64})$/

function addHead(text: string, earlier: readonly ChainHead[] = []): readonly ChainHead[] {
  const [, chain, sequence, hash] = HEAD.exec(text) ?? []
  if (chain === undefined || hash === undefined) {
    throw new InvalidArgumentError('It is <chain>:<sequence>:<hash>, as the log has it.')
  }
  return [...earlier, { chain, sequence: Number(sequence), hash }]
}

function byTime(a: FoundEntry, b: FoundEntry): number {
  return (a.entry?.at ?? 0) - (b.entry?.at ?? 0)
}

function toJson({ name, entry, hash }: FoundEntry): object {
  return entry === undefined ? { name, unreadable: true } : { ...entry, hash }
}

function describeReleases(found: readonly FoundEntry[]): string {
  if (found.length === 0) return 'No card was released.'
  return found.toSorted(byTime).map(describeEntry).join('\n')
}

function describeEntry({ name, entry }: FoundEntry): string {
  if (entry === undefined) return `${name} cannot be read: see "coatcheck audit verify".`
  const { at, merchantId, keyId, jtiHash, securityCode } = entry
  const time = new Date(at * 1000).toISOString()
  const code = securityCode ? 'with security code' : 'without security code'
  return `${time}  ${merchantId}  token ${jtiHash}  ${code}  signed by ${keyId}`
}

function describeReport({ entries, heads, faults }: ReleaseReport): string {
  const [first] = faults
  const sum = `${count(entries, 'release')} in ${count(heads.length, 'chain')}`
  if (first === undefined) {
    const lines = heads.map(({ chain, sequence, hash }) => `  ${chain}:${sequence}:${hash}`)
    return [`${sum}, each whole.`, ...lines].join('\n')
  }
  const lines = faults.map(({ name, problem }) => `  ${name} ${problem}`)
  return [`${sum}. Something was changed or removed:`, ...lines].join('\n')
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
