import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { der, derInteger, derObjectIdentifier, derTime } from '../../src/certificates/der.ts'

const hex = (bytes: Buffer): string => bytes.toString('hex')

test('lengths take as few bytes as they can (X.690 §10.1)', () => {
  const lengths = [0, 127, 128, 255, 256, 65_535, 65_536].map((length) => {
    const encoded = der('octetString', Buffer.alloc(length))
    return hex(encoded.subarray(1, encoded.length - length))
  })
  assert.deepEqual(lengths, ['00', '7f', '8180', '81ff', '820100', '82ffff', '83010000'])
})

test('integers stay positive and take as few bytes as they can', () => {
  const encoded = [0, 3, 127, 128, 10_000, 65_535].map((value) => hex(derInteger(value)))
  assert.deepEqual(encoded, ['020100', '020103', '02017f', '02020080', '02022710', '020300ffff'])
})

test('object identifiers are written in groups of seven bits', () => {
  assert.equal(hex(derObjectIdentifier('2.5.4.5')), '0603550405')
  assert.equal(hex(derObjectIdentifier('1.2.840.113549.1.1.11')), '06092a864886f70d01010b')
  assert.equal(hex(derObjectIdentifier('2.16.840.1.101.3.4.1.42')), '060960864801650304012a')
})

test('the year has two digits until 2049 and four from 2050 on', () => {
  const text = (time: string): string => derTime(new Date(time)).toString('latin1')
  assert.equal(text('2049-12-31T23:59:59.999Z'), '\u0017\r491231235959Z')
  assert.equal(text('2050-01-01T00:00:00.000Z'), '\u0018\u000f20500101000000Z')
})
