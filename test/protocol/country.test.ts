import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COUNTRIES } from '../../src/protocol/country.ts'

const NAMES = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' })
const LETTERS = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ')
const PAIRS = LETTERS.flatMap((first) => LETTERS.map((second) => first + second))

test('the table has the 249 assigned codes, all of which Intl can name', () => {
  assert.equal(COUNTRIES.size, 249)
  for (const code of COUNTRIES) assert.ok(NAMES.of(code) !== undefined, code)
})

test('what else Intl can name is reserved, withdrawn or private', () => {
  const reserved = 'AC CP CQ DG EA EU EZ FX IC SU TA UK UN'
  const withdrawn = 'AN BU CS DD DY HV NH RH TP VD YD YU ZR'
  const priv = 'QO XA XB XK ZZ'
  const expected = new Set(`${reserved} ${withdrawn} ${priv}`.split(' '))
  const others = PAIRS.filter((code) => NAMES.of(code) !== undefined && !COUNTRIES.has(code))
  assert.deepEqual(
    others.filter((code) => !expected.has(code)),
    [],
  )
})

test('lower case, alpha-3 codes and members of prototypes are no countries', () => {
  for (const code of ['us', 'USA', 'UK', 'XK', '', 'constructor'])
    assert.ok(!COUNTRIES.has(code), code)
})
