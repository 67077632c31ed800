import { Command } from 'commander'
import { stringMember, type JsonObject } from '../protocol/parse.ts'
import { addControl, type ConnectionOptions } from './connection.ts'
import { callControl } from './control.ts'
import { examples } from './examples.ts'
import { createPrinter } from './print.ts'

interface ClockOptions extends ConnectionOptions {
  readonly signaturesFollow?: true
  readonly json?: true
}

const ABOUT = `
The clock governs issue, validation, expiry, rotation and the log of the emulator. Merchants' signatures are checked
against the machine's clock, unless --signatures-follow is given.`

/** What can be done to the clock: the name of a command, its argument, and the member of the call that carries it. */
const ACTIONS = [
  {
    name: 'freeze',
    argument: '[time]',
    member: 'at',
    what: 'Stop the clock, now or at a time',
    shown: ['coatcheck clock freeze', 'coatcheck clock freeze 2027-01-01T00:00:00Z'],
  },
  {
    name: 'set',
    argument: '<time>',
    member: 'at',
    what: 'Set the time',
    shown: ['coatcheck clock set 2027-01-01T00:00:00Z'],
  },
  {
    name: 'advance',
    argument: '<duration>',
    member: 'by',
    what: 'Move the time, by 90s, 15m, 1h30m or 2d; -- -5m goes back',
    shown: ['coatcheck clock advance 16m', 'coatcheck clock advance -- -5m'],
  },
  {
    name: 'resume',
    argument: undefined,
    member: undefined,
    what: "Go by the machine's clock again",
    shown: ['coatcheck clock resume'],
  },
] as const

/** Makes the command `coatcheck clock`. */
export function clockCommand(): Command {
  const command = new Command('clock')
    .description('Show or change the clock of a running emulator.')
    .addHelpText('after', ABOUT)
    .addHelpText(
      'after',
      examples('coatcheck clock', 'coatcheck clock advance 16m', 'coatcheck clock resume'),
    )
  const show = new Command('show')
    .description('Show what time it is (the default).')
    .addHelpText('after', examples('coatcheck clock show'))
  command.addCommand(
    addControl(show).action(async (options: ClockOptions) =>
      report(options, await callControl(options, { method: 'GET', path: 'clock' })),
    ),
    { isDefault: true },
  )
  for (const action of ACTIONS) command.addCommand(actionCommand(action))
  return command
}

function actionCommand({ name, argument, member, what, shown }: (typeof ACTIONS)[number]): Command {
  const command = addControl(
    new Command(name).description(`${what}.`).addHelpText('after', examples(...shown)),
  )
  if (name !== 'resume') {
    command.option('--signatures-follow', "check merchants' signatures against this clock too")
  }
  const change = async (value: string | undefined, options: ClockOptions): Promise<void> => {
    const body = {
      action: name,
      ...(member === undefined || value === undefined ? {} : { [member]: value }),
      ...(options.signaturesFollow === undefined ? {} : { signaturesFollow: true }),
    }
    report(options, await callControl(options, { method: 'POST', path: 'clock', body }))
  }
  if (argument === undefined) {
    return command.action((options: ClockOptions) => change(undefined, options))
  }
  return command.argument(argument).action(change)
}

function report(options: ClockOptions, state: JsonObject): void {
  const now = stringMember(state, 'now') ?? ''
  const warning = stringMember(state, 'warning')
  const text = warning === undefined ? `${now}, by the machine's clock.` : `${now}\n${warning}`
  createPrinter(options.json === true).result(text, state)
}
