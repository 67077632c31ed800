import { isJsonObject } from '../../protocol/parse.ts'

/** Reads one value of an answer. Throws when it has another shape, naming the place and not the value. */
export type Read<Value> = (value: unknown, place: string) => Value

/** What a reader returns. */
export type Shape<Reader extends Read<unknown>> = ReturnType<Reader>

/** Reads text. */
export const text: Read<string> = (value, place) =>
  typeof value === 'string' ? value : fail(place, 'text')

/** Reads a number. */
export const number: Read<number> = (value, place) =>
  typeof value === 'number' ? value : fail(place, 'a number')

/** Reads true or false. */
export const flag: Read<boolean> = (value, place) =>
  typeof value === 'boolean' ? value : fail(place, 'true or false')

/** Takes whatever is there. */
export const anything: Read<unknown> = (value) => value

/** Reads what may be null; what is absent is taken for null. */
export function orNull<Value>(read: Read<Value>): Read<Value | null> {
  return (value, place) => (value === null || value === undefined ? null : read(value, place))
}

/** Reads what may be there; anything else is taken for null. */
export function ifFit<Value>(read: Read<Value>): Read<Value | null> {
  return either(read, () => null)
}

/** Reads an array. */
export function list<Value>(read: Read<Value>): Read<readonly Value[]> {
  return (value, place) =>
    Array.isArray(value)
      ? value.map((item: unknown, index) => read(item, `${place}[${index}]`))
      : fail(place, 'a list')
}

/** Reads an object of which every member has the same shape. */
export function record<Value>(read: Read<Value>): Read<ReadonlyMap<string, Value>> {
  return (value, place) => {
    if (!isJsonObject(value)) return fail(place, 'an object')
    return new Map(
      Object.entries(value).map(([name, item]) => [name, read(item, `${place}.${name}`)]),
    )
  }
}

/** Reads one of some words. */
export function oneOf<const Word extends string>(words: readonly Word[]): Read<Word> {
  return (value, place) =>
    words.find((word) => word === value) ?? fail(place, `one of ${words.join(', ')}`)
}

/** Reads the first of two shapes that fits. */
export function either<First, Second>(
  first: Read<First>,
  second: Read<Second>,
): Read<First | Second> {
  return (value, place) => {
    try {
      return first(value, place)
    } catch {
      return second(value, place)
    }
  }
}

type Members = Readonly<Record<string, Read<unknown>>>

/** Reads an object; members that are not named are dropped. */
export function object<Known extends Members>(
  members: Known,
): Read<{ readonly [Name in keyof Known]: ReturnType<Known[Name]> }> {
  return (value, place) => {
    if (!isJsonObject(value)) return fail(place, 'an object')
    const entries = Object.entries(members).map(([name, read]) => [
      name,
      read(value[name], `${place}.${name}`),
    ])
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each member was just read by its own reader
    return Object.fromEntries(entries) as { [Name in keyof Known]: ReturnType<Known[Name]> }
  }
}

function fail(place: string, what: string): never {
  throw new TypeError(`${place} is not ${what}`)
}
