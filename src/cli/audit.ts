import { Command, InvalidArgumentError } from 'commander'
import {
  readReleases,
  verifyReleases,
  type FoundEntry,
  type ReleaseReport,
} from '../audit/verify-releases.ts'
import {
  parseHead,
  readSignedHeads,
  type ChainHead,
  type SignedHead,
} from '../audit/signed-head.ts'
import { readHeadVerifier } from '../keys/audit-keys.ts'
import { administer, administrativeCommand, type AdministrativeOptions } from './administer.ts'
import { examples } from './examples.ts'
import { EXIT } from './print.ts'

interface VerifyOptions extends AdministrativeOptions {
  readonly head?: readonly (ChainHead | SignedHead)[]
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
      'a head that the log has (<chain>:<sequence>:<hash>, signed or not), which must be there; repeatable',
      addHead,
    )
    .addHelpText('after', examples('coatcheck audit verify', 'coatcheck audit verify --json'))
    .action((options: VerifyOptions) =>
      administer(options, async (_administration, printer, { store, sealer }) => {
        const found = await readReleases(store, sealer)
        const known = [...(await readSignedHeads(store)), ...(options.head ?? [])]
        const report = verifyReleases(found, known, await readHeadVerifier(store, sealer))
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

function addHead(
  text: string,
  earlier: readonly (ChainHead | SignedHead)[] = [],
): readonly (ChainHead | SignedHead)[] {
  const head = parseHead(text)
  if (head !== undefined) return [...earlier, head]
  throw new InvalidArgumentError(
    'It is <chain>:<sequence>:<hash>, as the log has it, or that and the rest of a signed head.',
  )
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

function describeReport({ entries, heads, unsigned, faults }: ReleaseReport): string {
  const [first] = faults
  const sum = `${count(entries, 'release')} in ${count(heads.length, 'chain')}`
  if (first === undefined) {
    const lines = heads.map(({ chain, sequence, hash }) => `  ${chain}:${sequence}:${hash}`)
    const signed = unsigned === 0 ? 'signed up to its end' : `${unsigned} not signed yet`
    return [`${sum}, each whole, ${signed}.`, ...lines].join('\n')
  }
  const lines = faults.map(({ name, problem }) => `  ${name} ${problem}`)
  return [`${sum}. Something was changed or removed:`, ...lines].join('\n')
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
