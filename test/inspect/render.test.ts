import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { renderReport } from '../../src/inspect/render.ts'
import type { Report } from '../../src/inspect/report.ts'

const REPORT: Report = {
  kind: 'jwt',
  title: 'A title',
  parts: [
    {
      title: 'claims',
      rows: [
        { name: 'iss', value: 'somebody', meaning: 'issuer' },
        { name: 'request-method', value: 'x'.repeat(60), meaning: 'method' },
      ],
    },
  ],
  problems: ['Something is wrong.'],
}

test('columns are aligned, and what is too wide pushes its meaning to the next line', () => {
  assert.deepEqual(renderReport(REPORT, (_, text) => text).split('\n'), [
    'A title',
    'Nothing is verified here: anybody could have written this.',
    '',
    'claims',
    `  iss             somebody${' '.repeat(42)}  issuer`,
    `  request-method  ${'x'.repeat(60)}`,
    `${' '.repeat(70)}method`,
    '',
    '⚠ Something is wrong.',
  ])
})

test('emphasis is given by the caller, and padding stays outside it', () => {
  const text = renderReport(REPORT, (emphasis, words) => `<${emphasis}>${words}</>`)
  assert.match(text, /<title>A title<\/>/)
  assert.match(text, /<heading>claims<\/>/)
  assert.match(text, / {44}<remark>issuer<\/>/)
  assert.match(text, /<problem>⚠ Something is wrong\.<\/>/)
})
