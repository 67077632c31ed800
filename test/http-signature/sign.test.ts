import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ALGORITHM, componentsFor, formatSignatureHeader } from '../../src/http-signature/sign.ts'

test('a request with a body signs its digest too, in the order of the official clients', () => {
  for (const method of ['POST', 'PUT', 'PATCH', 'post']) {
    assert.equal(componentsFor(method).join(' '), 'host date request-target digest v-c-merchant-id')
  }
})

test('a request without a body signs no digest', () => {
  for (const method of ['GET', 'DELETE', 'get']) {
    assert.equal(componentsFor(method).join(' '), 'host date request-target v-c-merchant-id')
  }
})

test('the signature header has the shape of the official clients', () => {
  const header = formatSignatureHeader({
    keyId: 'key',
    components: ['host', '(request-target)'],
    signature: 'bWFj',
  })
  assert.equal(
    header,
    `keyid="key", algorithm="${ALGORITHM}", headers="host (request-target)", signature="bWFj"`,
  )
})
