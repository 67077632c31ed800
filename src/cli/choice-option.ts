import { InvalidArgumentError, Option } from 'commander'

/** Makes a flag that takes one of few values; help and completion show them. */
export function choiceOption(
  flags: string,
  description: string,
  choices: readonly string[],
): Option {
  return new Option(flags, description).choices(choices).argParser((text) => {
    const choice = choices.find((candidate) => candidate === text)
    if (choice !== undefined) return choice
    throw new InvalidArgumentError(`It is ${choices.join(' or ')}.`)
  })
}
