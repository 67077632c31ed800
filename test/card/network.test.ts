import assert from 'node:assert/strict'
import { test } from 'node:test'
import creditCardType from 'credit-card-type'
import * as fc from 'fast-check'
import { isCardTypeCode } from '../../src/card/card-type.ts'
import {
  hasAllowedLength,
  NETWORKS,
  networksOf,
  securityCodeLengthsOf,
} from '../../src/card/network.ts'
import { hostileText, networkPan } from './arbitraries.ts'

function codesOf(prefix: string): readonly string[] {
  return networksOf(prefix.padEnd(16, '0')).map(({ code }) => code)
}

// Edges of the wire's brand table, and the numbers beside them.
const WIRE_EDGES: Readonly<Record<string, readonly string[]>> = {
  '4': ['001'],
  '50': ['042'],
  '51': ['002'],
  '55': ['002'],
  '5599': ['002'],
  '5600': ['042'],
  '2220': [],
  '2221': ['002'],
  '2720': ['002'],
  '2721': [],
  '33': [],
  '34': ['003'],
  '35': [],
  '37': ['003'],
  '300': ['005'],
  '305': ['005'],
  '306': [],
  '3095': ['005'],
  '36': ['005'],
  '38': ['005'],
  '39': ['005'],
  '3527': [],
  '3528': ['007'],
  '3589': ['007'],
  '3590': [],
  '6010': ['042'],
  '60110': ['004'],
  '60111': ['042'],
  '60112': ['004'],
  '601149': ['004'],
  '601150': ['042'],
  '601173': ['042'],
  '601174': ['004'],
  '601175': ['042'],
  '601177': ['004'],
  '601180': ['042'],
  '601186': ['004'],
  '601199': ['004'],
  '601200': ['042'],
  '6281': ['042', '062'],
  '6282': ['062'],
  '6289': ['062', '042'],
  '6439': ['042'],
  '644': ['004'],
  '659': ['004'],
  '66': ['042'],
  '69': ['042'],
  '70': [],
  '809999': [],
  '817200': [],
}

test('each edge of the wire’s brand table leads to the brand of the wire', () => {
  for (const [prefix, codes] of Object.entries(WIRE_EDGES))
    assert.deepEqual(codesOf(prefix), codes, prefix)
})

test('a number in ranges of several networks lists the narrowest range first', () => {
  assert.deepEqual(codesOf('622125'), ['062', '042'])
  assert.deepEqual(codesOf('622126'), ['004', '062'])
  assert.deepEqual(codesOf('622925'), ['004', '062'])
  assert.deepEqual(codesOf('622926'), ['042', '062'])
})

test('ranges of the same width are listed in the order of the wire', () => {
  assert.deepEqual(codesOf('810000'), ['004', '062'])
  assert.deepEqual(codesOf('817199'), ['004', '062'])
})

test('the library’s networks come before the wider ranges of the wire that hold them', () => {
  assert.deepEqual(codesOf('401178'), ['054', '001'])
  assert.deepEqual(codesOf('506699'), ['054', '042'])
  assert.deepEqual(codesOf('650031'), ['054', '004'])
  assert.deepEqual(codesOf('606282'), ['050', '042'])
  assert.deepEqual(codesOf('402918'), ['076', '001'])
})

test('a network is a candidate only once its whole prefix is there', () => {
  assert.deepEqual(networksOf('2'), [])
  assert.deepEqual(networksOf('222'), [])
  assert.deepEqual(
    networksOf('2221').map(({ code }) => code),
    ['002'],
  )
})

test('every network has an assigned code of its own, prefixes in order, lengths from 12 to 19', () => {
  assert.equal(new Set(NETWORKS.map(({ code }) => code)).size, 11)
  for (const { code, prefixes, lengths, securityCode } of NETWORKS) {
    assert.ok(isCardTypeCode(code))
    assert.match(prefixes, /^\d+(-\d+)?( \d+(-\d+)?)*$/)
    for (const [low = '', high = low] of prefixes.split(' ').map((range) => range.split('-')))
      assert.ok(low.length === high.length && low <= high, code)
    assert.ok(lengths.length > 0 && lengths.every((length) => length >= 12 && length <= 19))
    assert.ok(securityCode.length === 3 || securityCode.length === 4)
  }
})

test('any length is allowed when there is no candidate, else that of one candidate', () => {
  assert.equal(hasAllowedLength('135412345678911'), true)
  assert.equal(hasAllowedLength('4'.padEnd(13, '0')), true)
  assert.equal(hasAllowedLength('4'.padEnd(12, '0')), false)
  assert.equal(hasAllowedLength('622125'.padEnd(13, '0')), true, 'Maestro has 13, UnionPay has not')
  assert.equal(hasAllowedLength('6282'.padEnd(13, '0')), false)
  fc.assert(fc.property(networkPan, hasAllowedLength))
})

test('security codes have four digits for American Express and three elsewhere', () => {
  assert.deepEqual(securityCodeLengthsOf('378282246310005'), [4])
  assert.deepEqual(securityCodeLengthsOf('4111111111111111'), [3])
  assert.deepEqual(securityCodeLengthsOf('6221260000000000'), [3])
  assert.deepEqual(securityCodeLengthsOf('135412345678911'), [3, 4])
})

test('text that is not made of digits has no network, and nothing throws', () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      if (!/^[0-9]+$/.test(text)) assert.deepEqual(networksOf(text), [])
      hasAllowedLength(text)
      securityCodeLengthsOf(text)
    }),
  )
})

test('what others do to the library’s global state does not reach the table', (t) => {
  t.after(() => creditCardType.resetModifications())
  creditCardType.updateCard('elo', { patterns: [9], lengths: [5] })
  creditCardType.removeCard('hipercard')
  assert.deepEqual(codesOf('401178'), ['054', '001'])
  assert.deepEqual(codesOf('9'), [])
  assert.deepEqual(codesOf('606282'), ['050', '042'])
})
