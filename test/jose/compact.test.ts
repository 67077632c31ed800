import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { decodeBase64Url, decodeJsonPart, encodeBase64Url } from '../../src/jose/compact.ts'

test('padding, other alphabets, white space and stray bits are not base64url', () => {
  for (const text of ['QQ==', 'QQ=', '+/+/', 'QU JD', 'QUJD\n', 'QR', 'A', 'Q\u00e9', '\u{1d7ce}'])
    assert.equal(decodeBase64Url(text), undefined, text)
})

test('any text either decodes to bytes that encode to it again, or not at all', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
      const bytes = decodeBase64Url(text)
      assert.equal(bytes === undefined ? text : encodeBase64Url(bytes), text)
    }),
  )
})

test('any bytes and any text survive encoding and decoding', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.string({ unit: 'grapheme' }), (bytes, text) => {
      assert.deepEqual(decodeBase64Url(encodeBase64Url(Buffer.from(bytes))), Buffer.from(bytes))
      assert.equal(decodeBase64Url(encodeBase64Url(text))?.toString(), text)
    }),
  )
})

test('a part that holds no JSON object is nothing', () => {
  for (const json of ['', '[]', 'null', '1', '"a"', '{', '{} {}'])
    assert.equal(decodeJsonPart(encodeBase64Url(json)), undefined, json)
  assert.equal(decodeJsonPart('{}'), undefined)
  assert.deepEqual(decodeJsonPart(encodeBase64Url('{"a":1}')), { a: 1 })
})
