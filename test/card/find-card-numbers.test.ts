import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import {
  mayHoldCardNumber,
  replaceCardNumbers,
  withoutSeparators,
} from '../../src/card/find-card-numbers.ts'

const PAN = '4111111111111111'

function hide(text: string): string {
  return replaceCardNumbers(text, () => '#')
}

test('a card number is found beside an expiry, a security code, a date or another card number', () => {
  const texts = [
    [`${PAN} 12/30`, '# 12/30'],
    [`${PAN} 123`, '# 123'],
    [`2026-11-25 ${PAN}`, '2026-11-25 #'],
    [`127.0.0.1 ${PAN}`, '127.0.0.1 #'],
    [`${PAN} 5555 5555 5555 4444`, '# #'],
  ] as const
  for (const [text, expected] of texts) assert.equal(hide(text), expected)
})

test('a card number is found with separators of a form or a URL in it, and behind an escape', () => {
  for (const text of ['4111+1111+1111+1111', '4111%201111%201111%201111', '4111%2d11111111-1111']) {
    assert.ok(mayHoldCardNumber(text), text)
    assert.equal(hide(text), '#')
  }
  assert.equal(hide(`%7B%22number%22%3A%22${PAN}%22%7D`), '%7B%22number%22%3A%22#%22%7D')
})

test('the digits alone are handed over', () => {
  const found: string[] = []
  replaceCardNumbers('4111-1111 1111.1111', (digits) => {
    found.push(digits)
    return ''
  })
  assert.deepEqual(found, [PAN])
  assert.equal(withoutSeparators('4111%201111-1111.1111'), PAN)
})

test('part of a longer number, a number that is no card number and a UUID are left', () => {
  for (const text of [
    `${PAN}00000`,
    '4111 1111 1111 1112',
    '41111111-1111-4111-8111-111111111111',
  ]) {
    assert.equal(hide(text), text)
  }
})
