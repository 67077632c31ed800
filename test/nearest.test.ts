import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest } from '../src/nearest.ts'

const NAMES = ['--port', '--pool-target', '--page-origins', 'list', 'show']

const MEANT: readonly (readonly [typed: string, meant: string | undefined])[] = [
  ['--prot', '--port'],
  ['--PORT', '--port'],
  ['poolTarget', '--pool-target'],
  ['--page_orign', '--page-origins'],
  ['lst', 'list'],
  ['lsit', 'list'],
  ['shwo', 'show'],
  ['delete', undefined],
  ['', undefined],
]

for (const [typed, meant] of MEANT) {
  test(`${typed || 'nothing'} means ${meant ?? 'nothing'}`, () => {
    assert.equal(nearest(typed, NAMES), meant)
  })
}

test('what is meant exactly is nearer than what resembles it', () => {
  assert.equal(nearest('warn', ['warm', 'warn']), 'warn')
  assert.equal(nearest('x', []), undefined)
})
