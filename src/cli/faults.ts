import { Command, InvalidArgumentError } from 'commander'
import { OperatorError } from '../errors.ts'
import { isJsonObject, numberMember, stringMember, type JsonObject } from '../protocol/parse.ts'
import { addControl, type ConnectionOptions } from './connection.ts'
import { callControl } from './control.ts'
import { examples } from './examples.ts'
import { createPrinter } from './print.ts'

interface FaultOptions extends ConnectionOptions {
  readonly stage?: string
  readonly code?: string
  readonly reason?: string
  readonly milliseconds?: number
  readonly seconds?: number
  readonly method?: string
  readonly path?: string
  readonly merchant?: string
  readonly operation?: string
  readonly times?: number | 'always'
  readonly probability?: number
  readonly json?: true
}

const ABOUT = `
Kinds: error, latency, reset, cut-off, wrong-kid, wrong-signature, expired-context, clock-skew, quota, unavailable;
docs/faults.md has the call for every documented reason.`

const ADD = [
  'coatcheck faults add error --code STORE_UNAVAILABLE',
  'coatcheck faults add error --code AUTHENTICATION_FAILED --reason CLOCK_DIFFERS --merchant testmid',
  'coatcheck faults add latency --milliseconds 3000 --operation createTransientToken --times 5',
  'coatcheck faults add reset --path /flex/v2/tokens --probability 0.2',
] as const

/** Makes the command `coatcheck faults`. */
export function faultsCommand(): Command {
  const command = new Command('faults')
    .description('Show, set or remove the faults of a running emulator.')
    .addHelpText('after', ABOUT)
    .addHelpText('after', examples('coatcheck faults', ADD[0], 'coatcheck faults clear'))
  const list = new Command('list')
    .description('List the faults that are set (the default).')
    .addHelpText('after', examples('coatcheck faults list'))
  command.addCommand(addControl(list).action(runList), { isDefault: true })
  command.addCommand(addCommand())
  const clear = new Command('clear')
    .description('Remove one fault, or all.')
    .addHelpText('after', examples('coatcheck faults clear', 'coatcheck faults clear f1'))
  command.addCommand(addControl(clear.argument('[id]', 'such as f1')).action(runClear))
  return command
}

function addCommand(): Command {
  const command = new Command('add')
    .description('Set a fault: for the next request, unless told otherwise.')
    .argument('<kind>', 'what happens')
    .option('--stage <stage>', 'where: authenticate, key-pool, decrypt, store, sign or reply')
    .option('--code <code>', 'of error: a code of docs/errors.md')
    .option('--reason <reason>', 'of error: the reason of a refusal')
    .option('--milliseconds <number>', 'of latency', parseNumber)
    .option('--seconds <number>', 'of clock-skew; negative is behind', parseNumber)
    .option('--method <method>', 'only requests of this method')
    .option('--path <path>', 'only requests of this path; a segment * stands for any')
    .option('--merchant <id>', 'only requests of this merchant')
    .option('--operation <name>', 'only requests of this operation, such as createTransientToken')
    .option('--times <number>', 'how many requests, or always (default 1)', parseTimes)
    .option(
      '--probability <number>',
      '0 to 1; below 1 for always unless --times is given',
      parseNumber,
    )
  return addControl(command.addHelpText('after', examples(...ADD))).action(runAdd)
}

function parseNumber(text: string): number {
  if (/^-?\d{1,9}(\.\d{1,6})?$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a number.')
}

function parseTimes(text: string): number | 'always' {
  return text === 'always' ? text : parseNumber(text)
}

async function runList(options: FaultOptions): Promise<void> {
  const answer = await callControl(options, { method: 'GET', path: 'faults' })
  const faults = Array.isArray(answer['faults']) ? answer['faults'].filter(isJsonObject) : []
  const text = faults.length === 0 ? 'No fault is set.' : faults.map(describe).join('\n')
  createPrinter(options.json === true).result(text, answer)
}

async function runAdd(kind: string, options: FaultOptions): Promise<void> {
  const { stage, code, reason, milliseconds, seconds, times, probability } = options
  const { method, path, merchant, operation } = options
  const match = { method, path, merchant, operation }
  const body = { kind, stage, code, reason, milliseconds, seconds, times, probability, match }
  const fault = await callControl(options, { method: 'POST', path: 'faults', body })
  createPrinter(options.json === true).result(describe(fault), fault)
}

async function runClear(id: string | undefined, options: FaultOptions): Promise<void> {
  const query = id === undefined ? '' : `?id=${encodeURIComponent(id)}`
  const answer = await callControl(options, { method: 'DELETE', path: `faults${query}` })
  const removed = numberMember(answer, 'removed') ?? 0
  if (id !== undefined && removed === 0) {
    throw new OperatorError(`There is no fault ${id}.`, 'See "coatcheck faults list".')
  }
  const text = `${removed} ${removed === 1 ? 'fault' : 'faults'} removed.`
  createPrinter(options.json === true).result(text, answer)
}

function describe(fault: JsonObject): string {
  const hits = numberMember(fault, 'hits') ?? 0
  const met = hits === 0 ? 'not met yet' : `met ${hits} ${hits === 1 ? 'time' : 'times'}`
  const id = stringMember(fault, 'id') ?? ''
  return `${id}  ${stringMember(fault, 'description') ?? ''}; ${met}`
}
