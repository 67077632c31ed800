import { strict as assert } from 'node:assert'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { BUNDLED_MERCHANT } from '../../src/dev/seed.ts'
import { PROJECT } from '../process.ts'

// As a client's configuration or JSON has them; of a text that is cut, `…` stands for the rest.
const KEY_ID = /key_?id["']?: ["']([0-9a-f]{8}-[^"']*)["']/gi
const SECRET = /secret(?:key)?["']?: ["']([A-Za-z0-9+/]{6,}[^"']*)["']/gi

test('whatever key id and secret the pages show are those that dev prints, so that a copied example works', () => {
  const pages = globSync(['README.md', 'docs/*.md'], { cwd: PROJECT })
    .map((page) => readFileSync(join(PROJECT, page), 'utf8'))
    .join('\n')
  const shown = (pattern: RegExp): readonly string[] =>
    [...pages.matchAll(pattern)].map(([, value = '']) => value)
  for (const [pattern, bundled] of [
    [KEY_ID, BUNDLED_MERCHANT.keyId],
    [SECRET, BUNDLED_MERCHANT.secret],
  ] as const) {
    const wrong = shown(pattern).filter((value) => {
      const [begin = '', rest] = value.split('…')
      return rest === undefined ? value !== bundled : !bundled.startsWith(begin)
    })
    assert.deepEqual(wrong, [])
    assert.ok(shown(pattern).length >= 3)
  }
})
