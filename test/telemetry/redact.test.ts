import { strict as assert } from 'node:assert'
import { test } from 'node:test'

import { createLogger } from '../../src/telemetry/logger.ts'
import { redactLine, redactText, shortHash } from '../../src/telemetry/redact.ts'

const JTI = '1E0WC1GO87JG1BDP0CQ8SCR1TTK86U9N98H3WH8IFM9MVEWTIYFI62F4941E7A92'
const JWT = 'eyJraWQiOiJkdiJ9.eyJqdGkiOiIxIn0.c2lnbmF0dXJl'
const JWE = 'eyJraWQiOiJkdiJ9.a2V5.aXY.dGV4dA.dGFn'
const PAN = '4111111111111111'

test('shows a jti, a JWS and a JWE as short hashes only', () => {
  assert.equal(redactText(`jti ${JTI}.`), `jti [jti ${shortHash(JTI)}].`)
  assert.equal(redactText(`/up/${JWT}?x`), `/up/[token ${shortHash(JWT)}]?x`)
  assert.equal(redactText(`{"keyId":"${JWE}"}`), `{"keyId":"[token ${shortHash(JWE)}]"}`)
  assert.match(shortHash(JTI), /^[0-9a-f]{12}$/)
})

test('hides also most of a jti, as a path that was cut or mistyped has it', () => {
  for (const part of [JTI.slice(0, 63), JTI.slice(1), JTI.slice(10, 50)]) {
    assert.equal(redactText(`/x/${part}z`), `/x/[jti ${shortHash(part)}]z`)
  }
  assert.equal(redactText(JTI.slice(0, 32)), JTI.slice(0, 32))
})

test('hides a token that was cut, or whose dots were escaped', () => {
  const [header = '', claims = ''] = JWT.split('.')
  const cut = [header, `${header}.${claims}`, `${header}.${claims}.`, JWT.replaceAll('.', '%2E')]
  for (const part of cut) {
    assert.equal(redactText(`got ${part}?x`), `got [token ${shortHash(part)}]?x`)
  }
})

test('hides the end of a path that gives access, however it was mistyped', () => {
  const escaped = [...JTI].map((digit) => `%${digit.charCodeAt(0).toString(16)}`).join('')
  const ends = [
    JTI.toLowerCase(),
    JTI.replaceAll(/(.{8})/g, '$1-'),
    `${JTI.slice(0, 20)}%41${JTI.slice(21)}`,
    escaped,
    JWT.split('.')[1] ?? '',
    `${JTI.slice(0, 30)}/`,
  ]
  for (const end of ends) {
    for (const path of [
      '/flex/v2/payment-details/',
      '/up/v1/Payment-Details/',
      '/a/payment-credentials/',
    ]) {
      const line = JSON.stringify({
        expected: `get ${path}${end}?x\nhost: y`,
        path: `${path}${end}`,
      })
      const hidden = `${path}[parameter ${shortHash(end)}]`
      assert.equal(
        redactText(line),
        JSON.stringify({ expected: `get ${hidden}?x\nhost: y`, path: hidden }),
      )
    }
  }
  assert.equal(redactText('"/flex/v2/payment-details/:jti"'), '"/flex/v2/payment-details/:jti"')
})

test('hides what can be a card number', () => {
  assert.equal(redactText(`get /x/${PAN}?n=378282246310005`), 'get /x/[number]?n=[number]')
  assert.equal(redactText(`a${PAN}b`), 'a[number]b')
})

test('hides a card number however its digits are grouped, and whatever numbers stand beside it', () => {
  const groups = [PAN.slice(0, 4), PAN.slice(4, 8), PAN.slice(8, 12), PAN.slice(12)]
  for (const separator of [' ', '-', '.', '_', '+', '  ', '\u00a0', '%20', '%2D']) {
    assert.equal(redactText(`/x/${groups.join(separator)}?a`), '/x/[number]?a')
  }
  assert.equal(redactText(`2026-11-22 ${PAN} 12/30`), '2026-11-22 [number] 12/30')
  assert.equal(redactText(`/x/%22${PAN}%22`), '/x/%22[number]%22')
})

test('leaves other numbers, ids and times alone', () => {
  const texts = [
    '4111111111111112',
    '411111111111111111111',
    '2026-11-22T13:31:29.825Z',
    '1f53e357-f43e-4111-a220-111111111111',
    '41111111-1111-4111-8111-111111111111',
    '1f53e357-f43e-4111-a220-111111111111:7:5d8f6cce532a7aeb57196be62344095936793400b3aeb3580d248b17d5518a86',
    '411111111111',
    'SHA-256=RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=',
    '08SvIaGIfyaw897rDeG9eFdODKaCKc1q',
  ]
  for (const text of texts) assert.equal(redactText(text), text)
})

test('takes time in proportion to the text, whatever it holds', () => {
  for (const part of [
    'eyJ',
    'eyJa.',
    'eyJa..',
    '/payment-details/',
    '/payment-details/a?',
    '4',
    '41 ',
    '%20',
    '4%20',
    'A',
    'a.',
  ]) {
    const text = part.repeat(Math.ceil(60_000 / part.length))
    const started = process.cpuUsage()
    redactText(text)
    assert.ok(process.cpuUsage(started).user < 400_000, part)
  }
})

test('redacts a line of JSON whatever escapes stand beside, or within, what is hidden', () => {
  const grouped = PAN.replaceAll(/(.{4})(?=.)/g, '$1\t')
  for (const beside of ['\n', '\t', '\u0001', '"', '\\', '\ud800']) {
    for (const [secret, hidden] of [
      [JTI, `[jti ${shortHash(JTI)}]`],
      [JWT, `[token ${shortHash(JWT)}]`],
      [PAN, '[number]'],
      [grouped, '[number]'],
    ] as const) {
      const line = JSON.stringify({ kid: `a${beside}${secret}${beside}b`, n: 1 })
      const expected = { kid: `a${beside}${hidden}${beside}b`, n: 1 }
      assert.deepEqual(JSON.parse(redactLine(`${line}\n`)), expected)
    }
  }
})

test('redacts every field of a log line, errors and their causes included', () => {
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  const logger = createLogger({ level: 'info', now: () => new Date(0), destination })
  for (const level of ['info', 'warn', 'error'] as const) {
    logger[level]('said', { deep: { path: `/x/${JTI}/${PAN}`, tokens: [JWT], lines: `a\n${JWT}` } })
  }
  assert.equal(lines.length, 3)
  for (const line of lines) {
    assert.match(line, /"time":"1970-01-01T00:00:00.000Z"/)
    for (const secret of [JTI, JWT, PAN]) assert.ok(!line.includes(secret))
  }
})

test('a run as long as most of a jti is hidden wherever it begins, and a shorter one is not', () => {
  for (let before = 0; before < 70; before += 1) {
    const [hidden, shown] = ['Z'.repeat(33), 'Z'.repeat(32)]
    assert.equal(redactText(`${'-'.repeat(before)}${hidden}`).includes(hidden), false)
    assert.equal(redactText(`${'-'.repeat(before)}${shown}-`).includes(shown), true)
  }
})
