import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  locate,
  locateDotted,
  numberMember,
  objectMember,
  parseJsonObject,
  stringMember,
  stringsMember,
} from '../../src/protocol/parse.ts'
import { digitsOf, memberName } from './arbitraries.ts'

test('text that is not a JSON object is nothing, and no error quotes it', () => {
  for (const text of ['', 'null', '[]', '7', '"a"', '{', '{"a":}', '{}x', "{'a':1}", '\ufeff{}'])
    assert.equal(parseJsonObject(text), undefined, text)
  assert.deepEqual(parseJsonObject(' {"a":1} '), { a: 1 })
  fc.assert(fc.property(fc.string(), (text) => void parseJsonObject(text)))
})

test('only own members are read', () => {
  const inherited = parseJsonObject('{"__proto__":{"a":"x"}}') ?? {}
  assert.equal(stringMember(inherited, 'a'), undefined)
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    assert.equal(stringMember({}, name), undefined)
    assert.equal(objectMember({}, name), undefined)
  }
})

test('a member of another type is as good as absent', () => {
  const object =
    parseJsonObject('{"n":1,"s":"1","o":{},"a":["x"],"m":["x",1],"z":null,"big":1e999}') ?? {}
  const read = (member: (from: typeof object, name: string) => unknown): string[] =>
    Object.keys(object).filter((name) => member(object, name) !== undefined)
  assert.deepEqual(read(stringMember), ['s'])
  assert.deepEqual(read(numberMember), ['n'])
  assert.deepEqual(read(objectMember), ['o'])
  assert.deepEqual(read(stringsMember), ['a'])
})

test('a name of letters, underscores and one digit is written as it is', () => {
  assert.equal(locate('', 'billTo'), 'billTo')
  assert.equal(locate('billTo', 'address1'), 'billTo.address1')
  assert.equal(
    locateDotted('orderInformation.billTo.address_2x'),
    'orderInformation.billTo.address_2x',
  )
})

test('any other name is not repeated', () => {
  for (const name of [
    '',
    ' ',
    'a b',
    'a.b',
    '1a',
    'a12',
    'a1b2',
    'n4111',
    'é',
    'a\n',
    'a"',
    'x'.repeat(41),
  ])
    assert.equal(locate('at', name), 'at.(unnamed)', name)
})

test('no name or dotted path, however cut up, repeats more than six digits', () => {
  fc.assert(
    fc.property(memberName, (name) => {
      assert.ok(digitsOf(locate('', name)).length <= 1)
      assert.ok(digitsOf(locateDotted(name)).length <= 6)
      assert.match(locateDotted(name), /^[A-Za-z0-9_().]*$/)
    }),
    { numRuns: 500 },
  )
})
