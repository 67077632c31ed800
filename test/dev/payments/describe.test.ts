import { strict as assert } from 'node:assert'
import { test } from 'node:test'

import { PAYMENT_ROUTE } from '../../../src/dev/payments/routes.ts'
import { OUTCOMES } from '../../../src/dev/payments/outcomes.ts'
import { describeApi } from '../../../src/http/openapi.ts'
import { ROUTES } from '../../../src/http/routes.ts'

interface Described {
  readonly summary: string
  readonly responses: Readonly<Record<string, unknown>>
}

async function describe(routes?: Parameters<typeof describeApi>[0]): Promise<unknown> {
  const { paths } = (await describeApi(routes)) as { paths: Record<string, { post: Described }> }
  return paths['/pts/v2/payments']?.post
}

test('the document of dev mode calls the payment a stub and has its replies', async () => {
  const described = (await describe([...ROUTES, PAYMENT_ROUTE])) as Described
  assert.match(described.summary, /stub that moves no money/)
  const { responses } = described
  assert.deepEqual(Object.keys(responses), '201 400 401 408 413 431 500 502 503'.split(' '))
  for (const { httpStatus, reason = '', status } of Object.values(OUTCOMES)) {
    const text = JSON.stringify(responses[httpStatus])
    assert.ok(text.includes(status) && (httpStatus === 201 || text.includes(reason)))
  }
})

test('the document of every other mode does not know it', async () => {
  assert.equal(await describe(), undefined)
  assert.ok(!ROUTES.some(({ path }) => path.startsWith('/pts/')))
})
